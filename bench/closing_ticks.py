"""When a row could be released at the earliest: when the tick that closes it stood in the queue of every pchannel.

In: the source's pchannels from a moment on. Out: tick -> seconds, by the timestamps of the queue's records.
"""

import bisect
import time

from confluent_kafka import Consumer, KafkaError, TopicPartition

from relay import fields

BASE, TYPE, TIMESTAMP, TIME_TICK = 1, 1, 3, 1200  # fields and a value of Milvus' MsgBase


class ClosingTicks:
    def __init__(self, kafka, client, prefix, since_s):
        self._channels = []  # for each pchannel ([tick], [seconds])
        for topic in kafka.topics(f"{prefix}-rootcoord-dml_"):
            read = list(_ticks(client, topic, since_s))
            if read:
                self._channels.append(list(zip(*read)))

    def closed_at(self, tick):
        return max(seconds[bisect.bisect_left(ticks, tick)] for ticks, seconds in self._channels)


def _ticks(client, topic, since_s):
    options = {"group.id": "bench-ticks", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer = Consumer(client | options)
    try:
        start = consumer.offsets_for_times([TopicPartition(topic, 0, int(since_s * 1000))], timeout=30)
        consumer.assign(start)
        until = time.time()
        while True:
            message = consumer.poll(10)
            if not message or (message.error() and message.error().code() == KafkaError._PARTITION_EOF):
                return
            base = _base(message.value())
            if base.get(TYPE) == TIME_TICK:
                yield base[TIMESTAMP], message.timestamp()[1] / 1000
            if message.timestamp()[1] / 1000 > until:
                return
    finally:
        consumer.close()


def _base(value):
    """A tick is short; records of rows are not worth parsing."""
    return dict(fields(dict(fields(value))[BASE])) if len(value) < 200 else {}
