"""Which integration tests run beside each other, each lane one test at a time on real parts of its own. A Kafka
costs as much time to get warm as its tests need, so lanes whose tests never stop it share one.

A file goes into the first lane with a pattern that fits.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lane:
    name: str
    parts: str  # what scripts/parts starts for it
    patterns: tuple
    own_kafka: bool = False

    def files(self, folder):
        return sorted(file for file in folder.glob("test_*.py") if self == _first(file))


LANES = (
    Lane("source", "kafka,etcd,source,target", ("test_source_*.py", "test_auth.py", "test_bad_input.py",
                                                "test_rest_cdc*.py", "test_sink_*.py")),
    Lane("runtime", "kafka", ("test_runtime_*.py", "test_rest_workers.py"), own_kafka=True),
    Lane("rest", "kafka", ("test_rest_*.py",)),
    Lane("stream", "kafka,etcd,source,target,registry", ("test_example_*.py", "test_outages.py", "test_parts.py",
                                                         "test_readers_*.py", "test_registry*.py", "test_shapes.py",
                                                         "test_topics.py"), own_kafka=True),
    Lane("pipeline", "kafka,etcd,source,target", ("test_*.py",)),
)


def _first(file):
    return next(lane for lane in LANES if any(file.match(pattern) for pattern in lane.patterns))
