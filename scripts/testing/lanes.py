"""Which integration tests run beside each other, each lane one test at a time on real parts of its own.

A new file goes into the last lane unless its name says otherwise.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lane:
    name: str
    parts: str  # what scripts/parts starts for it
    patterns: tuple = ()

    def files(self, folder):
        taken = [file for lane in LANES if lane.patterns for pattern in lane.patterns for file in folder.glob(pattern)]
        own = [file for pattern in self.patterns for file in folder.glob(pattern)]
        return sorted(own or set(folder.glob("test_*.py")) - set(taken))


LANES = (
    Lane("runtime", "kafka", ("test_runtime_*.py", "test_rest_*.py")),
    Lane("source", "kafka,etcd,source,target", ("test_source_*.py", "test_auth.py", "test_bad_input.py",
                                                "test_outages.py", "test_parts.py")),
    Lane("pipeline", "kafka,etcd,source,target,registry"),
)
