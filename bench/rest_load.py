"""An HTTP client that costs next to nothing: keeps some connections busy with GETs and notes how long each took.

In: host:port, connections, seconds, requests a second in all (0: as many as are answered), paths to ask for in turn.
Out: one line of JSON. A process of its own, so that its CPU time is its own: it shows whether the client was the limit.
At a given rate a request's time counts from when it was due, so that a server that stands still does not hide it.
"""

import json
import selectors
import socket
import sys
import time

from usage import percentile

CHUNKED = b"transfer-encoding: chunked"
LENGTH = b"content-length:"
LAST_CHUNK = b"\r\n0\r\n\r\n"
DEADLINE_S = 60


class Connection:
    """One answer at a time; what it said is only measured."""

    _buffer = bytearray(1 << 20)

    def __init__(self, address):
        self.socket = socket.create_connection(address, DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request, due):
        self.due, self._head, self._chunked, self._left, self._end = due, b"", None, 0, b""
        self.socket.sendall(request)

    def answered(self):
        """Takes what has come; true once that was all of it."""
        count = self.socket.recv_into(self._buffer)
        assert count, "the server has closed the connection"
        if self._chunked is None:
            count = self._take_head(bytes(self._buffer[:count]))
        if self._chunked:
            self._end = (self._end + self._buffer[max(0, count - len(LAST_CHUNK)):count])[-len(LAST_CHUNK):]
            return self._end == LAST_CHUNK
        self._left -= count
        return self._chunked is False and self._left == 0

    def _take_head(self, data):
        """How many bytes of the body have come with its end; they are at the buffer's begin then."""
        self._head += data
        head, found, body = self._head.partition(b"\r\n\r\n")
        if not found:
            return 0
        assert head.split(None, 2)[1] == b"200", head
        lower = head.lower()
        self._chunked = CHUNKED in lower
        self._left = 0 if self._chunked else int(lower.partition(LENGTH)[2].split(None, 1)[0])
        self._buffer[:len(body)] = body
        return len(body)


class Load:
    def __init__(self, address, connections, seconds, rate, paths):
        host, port = address.split(":")
        self._requests = [f"GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n\r\n".encode()
                          for path in paths]
        self._free = [Connection((host, int(port))) for _ in range(connections)]
        self._seconds, self._rate = seconds, rate
        self._asked, self.times_ms = 0, []

    def run(self):
        selector = selectors.SelectSelector()  # epoll waits whole milliseconds
        for one in self._free:
            selector.register(one.socket, selectors.EVENT_READ, one)
        began, busy = time.perf_counter(), 0
        while busy or time.perf_counter() - began < self._seconds:
            busy += self._ask_what_is_due(began)
            ready = selector.select(self._wait_s(began) if self._free else DEADLINE_S)
            assert ready or self._free, f"no answer within {DEADLINE_S} s"
            for key, _ in ready:
                if key.data.answered():
                    self.times_ms.append(1000 * (time.perf_counter() - key.data.due))
                    self._free.append(key.data)
                    busy -= 1
        return len(self.times_ms) / (time.perf_counter() - began)

    def _ask_what_is_due(self, began):
        count = 0
        while self._free and (now := time.perf_counter()) - began < self._seconds and self._due(began, now) <= now:
            due = self._due(began, now)
            self._free.pop(0).ask(self._requests[self._asked % len(self._requests)], due)
            self._asked += 1
            count += 1
        return count

    def _due(self, began, now):
        return began + self._asked / self._rate if self._rate else now

    def _wait_s(self, began):
        now = time.perf_counter()
        return max(0, min(self._due(began, now), began + self._seconds) - now)


def main(address, connections, seconds, rate, *paths):
    load = Load(address, int(connections), float(seconds), float(rate), paths)
    cpu, began = time.process_time(), time.perf_counter()
    per_second = load.run()
    took = time.perf_counter() - began
    print(json.dumps({"requests_s": per_second, "count": len(load.times_ms),
                      "median_ms": percentile(load.times_ms, 50), "p99_ms": percentile(load.times_ms, 99),
                      "most_ms": max(load.times_ms), "client_percent": 100 * (time.process_time() - cpu) / took}))


if __name__ == "__main__":
    main(*sys.argv[1:])
