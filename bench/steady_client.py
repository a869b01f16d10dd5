"""A pymilvus client that inserts rows at a constant rate and notes when.

In: a file, host:port, a collection, the first key, rows a second, seconds, rows of a call, dimensions. Out: the
file, JSON, for each call [first key, rows, seconds at which it was sent, seconds at which it returned]. What is late
is caught up with.
"""

import json
import sys
import time

from pymilvus import Collection, connections

from rows import Rows


def main(file, address, name, first, rate, seconds, batch, dim):
    host, port = address.split(":")
    connections.connect(host=host, port=port)
    collection, rows, calls = Collection(name), Rows(dim), []
    began = time.time()
    for number in range(rate * seconds // batch):
        columns = rows.columns(first + number * batch, batch)
        time.sleep(max(0, began + number * batch / rate - time.time()))
        sent = time.time()
        collection.insert(columns)
        calls.append([first + number * batch, batch, sent, time.time()])
    with open(file, "w", encoding="utf-8") as out:
        json.dump(calls, out)


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:]))
