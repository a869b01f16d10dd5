"""A worker that is killed while it answers: after a while, or once it has written something to a topic.

In: requests, as functions without arguments; the moment. Out: the answer of each, None where none came. The worker is
dead then, and may be started again.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import requests
from confluent_kafka import Consumer, TopicPartition


def _answer(request):
    try:
        return request()
    except requests.RequestException:
        return None


def cut_off(kitestream, asked, moment):
    with ThreadPoolExecutor(len(asked)) as pool:
        pending = [pool.submit(_answer, request) for request in asked]
        moment(lambda: not all(one.done() for one in pending))
        kitestream.kill()
        return [one.result() for one in pending]


def after(seconds):
    return lambda is_open: time.sleep(seconds)


class Written:
    """The moment when the next records show at the end of a topic, before any transaction of theirs is decided."""

    def __init__(self, kafka, options, topic):
        self._consumer = Consumer(options | {"group.id": "cut-off", "isolation.level": "read_uncommitted",
                                             "enable.auto.commit": False})
        ends = [TopicPartition(topic, partition, self._consumer.get_watermark_offsets(
            TopicPartition(topic, partition), timeout=10)[1]) for partition in range(kafka.partitions(topic))]
        self._consumer.assign(ends)
        self._consumer.poll(0.2)  # connects

    def records(self, count, then_s=0):
        """`count` of them, and a little more time; or all requests have been answered."""
        def moment(is_open):
            seen = 0
            while seen < count and is_open():
                message = self._consumer.poll(0.01)
                seen += message is not None and message.error() is None
            time.sleep(then_s)
            self._consumer.close()
        return moment
