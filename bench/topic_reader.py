"""A consumer of the stream that notes when it received each committed record.

In: brokers, a topic, a file. Out: `ready` on standard output once it stands at the end; on SIGTERM the file, a
pickled list of (seconds, key bytes, value bytes). Nothing is decoded meanwhile, so that it is never late.
"""

import pickle
import signal
import sys
import threading
import time

from confluent_kafka import Consumer, TopicPartition

def main(brokers, topic, file):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "bench-reader", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "fetch.wait.max.ms": 20})
    partitions = [TopicPartition(topic, one) for one in consumer.list_topics(topic).topics[topic].partitions]
    for one in partitions:
        one.offset = consumer.get_watermark_offsets(one)[1]
    consumer.assign(partitions)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print("ready", flush=True)
    received = []
    while not ended.is_set():
        message = consumer.poll(0.1)
        if message and not message.error():
            received.append((time.time(), message.key(), message.value()))
    with open(file, "wb") as out:
        pickle.dump(received, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
