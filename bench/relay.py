"""Stands between the sink and the target and notes when the target acknowledged which rows.

In: the target's host:port, a file. Out: the port to connect to, on standard output; on SIGTERM the file, one line
of JSON for each Insert or Upsert that succeeded: [seconds, [keys]]. Bytes pass unchanged and at once; only the
answers are looked at, as they leave: frames of HTTP/2, in each stream one gRPC message, a MutationResult of Milvus.
No header is decoded: an answer counts if it has keys and says that it wrote as many.
"""

import asyncio
import json
import signal
import socket
import sys
import time

FRAME_HEAD, GRPC_HEAD = 9, 5
DATA = 0
STATUS, IDS, COUNTS = 1, 2, (6, 8)  # fields of MutationResult; insert and upsert count


class Answers:
    """Takes the bytes from the target; `noted` grows."""

    def __init__(self, noted):
        self._noted, self._bytes, self._streams = noted, bytearray(), {}

    def feed(self, received):
        now = time.time()
        self._bytes += received
        while len(self._bytes) >= FRAME_HEAD:
            length = int.from_bytes(self._bytes[:3], "big")
            if len(self._bytes) < FRAME_HEAD + length:
                return
            kind, stream = self._bytes[3], int.from_bytes(self._bytes[5:9], "big")
            if kind == DATA:
                self._data(now, stream, self._bytes[FRAME_HEAD:FRAME_HEAD + length])
            del self._bytes[:FRAME_HEAD + length]

    def _data(self, now, stream, part):
        message = self._streams.pop(stream, bytearray()) + part
        if len(message) < GRPC_HEAD or len(message) < GRPC_HEAD + int.from_bytes(message[1:5], "big"):
            self._streams[stream] = message
            return
        keys = written_keys(bytes(message[GRPC_HEAD:]))
        if keys:
            self._noted.append([now, keys])


def written_keys(message):
    """Integer keys of a MutationResult that succeeded, else nothing."""
    try:
        found = dict(fields(message))
        longs = dict(fields(dict(fields(found[IDS]))[1]))[1]
        keys = list(varints(longs))
        return keys if len(keys) in (found.get(one) for one in COUNTS) else []
    except (KeyError, IndexError, TypeError, ValueError):
        return []  # the answer to something else


def varint(message, at):
    value = shift = 0
    while True:
        value |= (message[at] & 0x7f) << shift
        shift, at = shift + 7, at + 1
        if message[at - 1] < 0x80:
            return value, at


def varints(message):
    at = 0
    while at < len(message):
        value, at = varint(message, at)
        yield value


def fields(message):
    """(number, integer or bytes) of each protobuf field."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        if tag & 7 == 0:
            value, at = varint(message, at)
        elif tag & 7 == 2:
            length, at = varint(message, at)
            value, at = message[at:at + length], at + length
        else:
            raise ValueError(f"wire type {tag & 7}")
        yield tag >> 3, value


async def pump(reader, writer, seen=None):
    try:
        while received := await reader.read(1 << 18):
            writer.write(received)
            if seen:
                seen(received)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def serve(target, file):
    host, port = target.split(":")
    noted, ended = [], asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)

    async def connected(reader, writer):
        up_reader, up_writer = await asyncio.open_connection(host, port)
        for one in (writer, up_writer):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer, Answers(noted).feed))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()
    with open(file, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(one) + "\n" for one in noted)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
