"""One plain pymilvus client that inserts rows as fast as it can: fills the source, and is the sink's yardstick.

In: host:port, an existing collection, the first key, how many rows, rows of a call, dimensions. Out: one line of
JSON on what it took, without starting Python and without making the vectors: those are there before the clock
starts. A process of its own, so that its CPU time and memory are its own.
"""

import json
import resource
import sys
import time

from pymilvus import Collection, connections

from rows import Rows


def main(address, name, first, count, batch, dim):
    host, port = address.split(":")
    connections.connect(host=host, port=port)
    collection, rows = Collection(name), Rows(dim)
    began, cpu = time.time(), time.process_time()
    for at in range(first, first + count, batch):
        collection.insert(rows.columns(at, min(batch, first + count - at)))
    print(json.dumps({"rows": count, "seconds": time.time() - began, "cpu_s": time.process_time() - cpu,
                      "rss_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
