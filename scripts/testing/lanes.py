"""Which integration tests run beside each other, each lane one test at a time on real parts of its own.

A file goes into the first lane with a pattern that fits.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lane:
    name: str
    parts: str  # what scripts/parts starts for it
    patterns: tuple

    def files(self, folder):
        return sorted(file for file in folder.glob("test_*.py") if self == _first(file))


LANES = (
    Lane("source", "kafka,etcd,source,target", ("test_source_*.py", "test_auth.py", "test_bad_input.py",
                                                "test_rest_cdc*.py", "test_sink_*.py")),
    Lane("rest", "kafka", ("test_rest_*.py",)),
    Lane("runtime", "kafka", ("test_runtime_*.py",)),
    Lane("stream", "kafka,etcd,source,target,registry", ("test_example_*.py", "test_outages.py", "test_parts.py",
                                                         "test_readers_*.py", "test_registry*.py", "test_shapes.py",
                                                         "test_topics.py")),
    Lane("pipeline", "kafka,etcd,source,target", ("test_*.py",)),
)


def _first(file):
    return next(lane for lane in LANES if any(file.match(pattern) for pattern in lane.patterns))
