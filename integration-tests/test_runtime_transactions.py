"""The loops of the runtime on a real Kafka, with plugins made for it (plugins/*.c): transactions,
fences, kills. The counter numbers its records, the ledger adds them up and keeps the sum with its
offsets: whatever is lost or doubled shows.
"""

import json
import os
import random
import signal
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from counting import AVRO_STRING_PREFIX
from kitestream import Kitestream
from parts import ROOT

NUMBERS = 6000


@pytest.fixture
def runtime(kitestream, test_plugins):
    kitestream.worker["plugin.path"] = str(test_plugins)
    kitestream.worker["offset.storage.partitions"] = 2
    return kitestream


def _count(runtime, numbers=NUMBERS, **options):
    runtime.connector(f"{runtime.name}-count", "test.CounterSource",
                      {"topic": f"{runtime.name}.numbers", "numbers": numbers, "batch": 20} | options)


def _ledger(runtime, **options):
    runtime.connector(f"{runtime.name}-ledger", "test.LedgerSink",
                      {"topic": f"{runtime.name}.numbers", "commit.every": 200} | options)


def _numbers(runtime, kafka):
    return [int(message.value()[AVRO_STRING_PREFIX:]) for message in kafka.raw(f"{runtime.name}.numbers")]


def _offset(runtime, kafka, connector, partition):
    newest = {message.key(): message.value() for message in kafka.raw(runtime.worker["offset.storage.topic"])}
    value = newest.get(json.dumps([f"{runtime.name}-{connector}", partition], separators=(",", ":")).encode())
    return json.loads(value) if value else {}


def _ledger_count(runtime, kafka):
    return _offset(runtime, kafka, "ledger", {"ledger": 1}).get("count", 0)


def _committed(runtime, kafka, parts, topic):
    group = Consumer(parts.kafka_client | {"group.id": f"connect-{runtime.name}-ledger"})
    wanted = [TopicPartition(topic, partition) for partition in range(kafka.partitions(topic))]
    found = {one.partition: one.offset for one in group.committed(wanted, 10) if one.offset >= 0}
    group.close()
    return found


def test_all_numbers_once_and_in_order(runtime, kafka):
    _count(runtime)
    _ledger(runtime)
    runtime.start()
    runtime.wait_for(lambda: _ledger_count(runtime, kafka) == NUMBERS, 60, "all numbers in the ledger")
    runtime.stop()
    assert sorted(_numbers(runtime, kafka)) == list(range(NUMBERS))
    assert _offset(runtime, kafka, "ledger", {"ledger": 1})["sum"] == NUMBERS * (NUMBERS - 1) // 2
    assert _offset(runtime, kafka, "count", {"counter": 1}) == {"n": NUMBERS}
    per_partition = {}
    for message in kafka.raw(f"{runtime.name}.numbers"):
        per_partition.setdefault(message.partition(), []).append(int(message.value()[AVRO_STRING_PREFIX:]))
    assert all(numbers == sorted(numbers) for numbers in per_partition.values())


def test_group_offsets_are_those_of_the_state(runtime, kafka, parts):
    _count(runtime)
    _ledger(runtime)
    runtime.start()
    runtime.wait_for(lambda: _ledger_count(runtime, kafka) == NUMBERS, 60, "all numbers in the ledger")
    runtime.stop()
    topic = f"{runtime.name}.numbers"
    last, committed = {}, _committed(runtime, kafka, parts, topic)
    for message in kafka.raw(topic):
        last[message.partition()] = message.offset() + 1
    assert committed == last


def test_kill_loop(runtime, kafka, kills):
    """Killed at any moment: nothing is lost, nothing is doubled, on the topic or in the ledger."""
    chance = random.Random(7)
    numbers = 2500 * kills
    _count(runtime, numbers, batch=10, **{"pause.ms": 15})
    _ledger(runtime)
    for kill in range(kills):
        before = _ledger_count(runtime, kafka)
        assert before < numbers, f"too fast: all is done after {kill} kills"
        runtime.start()
        runtime.wait_for(lambda: _ledger_count(runtime, kafka) > before, 30, "progress")  # noqa: B023
        time.sleep(chance.random())
        runtime.kill()
    runtime.start()
    runtime.wait_for(lambda: _ledger_count(runtime, kafka) >= numbers, 120, "all numbers in the ledger")
    runtime.stop()
    assert sorted(_numbers(runtime, kafka)) == list(range(numbers))
    assert _offset(runtime, kafka, "ledger", {"ledger": 1}) == {"count": numbers, "sum": numbers * (numbers - 1) // 2}


def test_killed_while_the_broker_is_gone(runtime, kafka, parts):
    """An outage in the middle: the tasks wait, then go on from where they were."""
    _count(runtime, 20000, batch=10)
    _ledger(runtime)
    runtime.start()
    runtime.wait_for(lambda: _ledger_count(runtime, kafka) > 0, 30, "progress")
    parts.stop("kafka")
    runtime.wait_log(r"waiting for .*(Kafka|transaction|acknowledge)", 30)
    parts.start("kafka")
    runtime.wait_for(lambda: _ledger_count(runtime, kafka) == 20000, 120, "all numbers in the ledger")
    runtime.stop()
    assert sorted(_numbers(runtime, kafka)) == list(range(20000))
    assert _offset(runtime, kafka, "ledger", {"ledger": 1})["sum"] == 20000 * 19999 // 2


def test_frozen_worker_is_fenced(runtime, kafka, parts, tmp_path):
    """A worker that was frozen past its session wakes up and finds itself replaced: nothing it does
    from then on counts."""
    _count(runtime, 20000, batch=10)
    _ledger(runtime)
    runtime.start()
    runtime.wait_for(lambda: _ledger_count(runtime, kafka) > 0, 30, "progress")
    second = Kitestream(ROOT, tmp_path, parts, runtime.name)
    second.worker = runtime.worker | {"listeners": "http://127.0.0.1:0"}
    second.connectors = runtime.connectors
    os.kill(runtime.pid, signal.SIGSTOP)
    try:
        second.start()
        before = _ledger_count(runtime, kafka)
        second.wait_for(lambda: _ledger_count(runtime, kafka) > before, 60, "the second worker takes over")
        os.kill(runtime.pid, signal.SIGCONT)
        runtime.wait_log(r"(?i)fenced|newer owner|giving up|lost", 30)
        second.wait_for(lambda: _ledger_count(runtime, kafka) >= 20000, 120, "all numbers in the ledger")
    finally:
        os.kill(runtime.pid, signal.SIGCONT)
        second.end()
    assert sorted(_numbers(runtime, kafka)) == list(range(20000))
    assert _offset(runtime, kafka, "ledger", {"ledger": 1}) == {"count": 20000, "sum": 20000 * 19999 // 2}


def test_lost_position_fails_the_sink(runtime, kafka):
    """Records that were deleted before the sink had read them are not skipped in silence."""
    _count(runtime, 100)
    _ledger(runtime)
    runtime.start()
    runtime.wait_for(lambda: _ledger_count(runtime, kafka) == 100, 60, "all numbers in the ledger")
    runtime.stop()
    ledger = runtime.connectors.pop()
    _count(runtime, 200)
    runtime.start()
    runtime.wait_for(lambda: len(_numbers(runtime, kafka)) == 200, 60, "more numbers")
    topic = f"{runtime.name}.numbers"
    ends = [TopicPartition(topic, partition, -1) for partition in range(2)]  # -1: up to the end
    for future in kafka.admin.delete_records(ends).values():
        future.result(10)
    runtime.stop()
    runtime.connectors = [ledger]
    runtime.start()
    runtime.wait_log(r"FAILED.*position in .* is lost", 30)
    status = runtime.wait_for(lambda: runtime.task_status(kafka, "ledger").get("state") == "FAILED", 10, "FAILED")
    assert status


def test_pause_and_resume_lose_nothing(runtime, kafka):
    """The ledger pauses partitions all the time; here the whole task is paused by the pipeline file."""
    _count(runtime, NUMBERS, batch=10, **{"pause.ms": 20})  # 12 s at least
    _ledger(runtime)
    runtime.start()
    runtime.wait_for(lambda: _ledger_count(runtime, kafka) > 0, 30, "progress")
    runtime.stop()
    for connector in runtime.connectors:
        connector["state"] = "paused"
    runtime.start()
    runtime.wait_for(lambda: runtime.task_status(kafka, "count").get("state") == "PAUSED", 30, "PAUSED")
    paused = len(_numbers(runtime, kafka))
    runtime.stop()
    assert len(_numbers(runtime, kafka)) == paused < NUMBERS
    for connector in runtime.connectors:
        connector["state"] = "running"
    runtime.start()
    runtime.wait_for(lambda: _ledger_count(runtime, kafka) == NUMBERS, 60, "all numbers in the ledger")
    runtime.stop()
    assert sorted(_numbers(runtime, kafka)) == list(range(NUMBERS))


def test_dead_letters_are_exact_too(runtime, kafka, parts, kills):
    """Records that no Avro serializer has written lie between the numbers. Each is dead-lettered once,
    although the sink is killed again and again."""
    chance = random.Random(3)
    topic = f"{runtime.name}.numbers"
    _count(runtime, NUMBERS, batch=10)
    _ledger(runtime, **{"errors.tolerance": "all", "errors.deadletterqueue.topic.name": f"{runtime.name}.dead",
                        "errors.deadletterqueue.topic.replication.factor": 1,
                        "errors.deadletterqueue.context.headers.enable": "true", "commit.every": 100})
    garbage = [f"garbage {number}".encode() for number in range(60)]
    producer = Producer(parts.kafka_client)
    for kill in range(max(3, kills // 2)):
        runtime.start()
        runtime.wait_for(lambda: topic in kafka.topics(), 30, "the topic")
        for value in garbage[kill::max(3, kills // 2)]:
            producer.produce(topic, value, key=b"\x01")
            producer.flush(10)
        time.sleep(1 + chance.random())
        runtime.kill()
    runtime.start()
    runtime.wait_for(lambda: _ledger_count(runtime, kafka) == NUMBERS, 60, "all numbers in the ledger")
    runtime.wait_for(lambda: len(kafka.raw(f"{runtime.name}.dead")) >= len(garbage), 30, "all letters")
    runtime.stop()
    letters = kafka.raw(f"{runtime.name}.dead")
    assert sorted(letter.value() for letter in letters) == sorted(garbage)
    headers = dict(letters[0].headers())
    assert headers["__connect.errors.topic"] == topic.encode()
    assert headers["__connect.errors.stage"] == b"KEY_CONVERTER"
    assert headers["__connect.errors.connector.name"] == f"{runtime.name}-ledger".encode()
    assert letters[0].key() == b"\x01"


def test_at_least_once(runtime, kafka):
    """Without transactions a kill may double numbers, never lose one; offsets follow the records."""
    _count(runtime, 10**9, batch=10, **{"exactly.once.support": "off", "pause.ms": 1,
                                        "value.converter": "org.apache.kafka.connect.storage.StringConverter"})

    def saved():
        return _offset(runtime, kafka, "count", {"counter": 1}).get("n", 0)

    def written():
        return [int(message.value()) for message in kafka.raw(f"{runtime.name}.numbers")]

    for end in [runtime.kill, runtime.kill, runtime.kill, runtime.stop]:
        runtime.start()
        before = saved()
        runtime.wait_for(lambda: saved() > before, 60, "progress")  # noqa: B023
        end()
        assert set(range(saved())) <= set(written())
    numbers = written()
    assert set(numbers) == set(range(saved()))
    assert numbers.count(0) == 1  # each start went on from an offset
