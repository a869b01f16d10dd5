#!/usr/bin/env python3
"""Prints the changes of one collection as JSON lines, in either shape.

    changes.py BROKERS REGISTRY TOPIC      e.g. localhost:9092 http://localhost:8083 shop.default.books
"""
import json
import sys

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

brokers, registry, topic = sys.argv[1:4]
decode = AvroDeserializer(SchemaRegistryClient({"url": registry}))
consumer = Consumer({"bootstrap.servers": brokers, "group.id": f"changes-py-{topic}", "auto.offset.reset": "earliest"})
consumer.subscribe([topic])
while True:
    message = consumer.poll(1)
    if message is None:
        continue
    if message.error():
        raise SystemExit(message.error().str())
    change = {"key": decode(message.key(), SerializationContext(topic, MessageField.KEY)),
              "value": decode(message.value(), SerializationContext(topic, MessageField.VALUE))}  # null: a tombstone
    print(json.dumps(change, default=bytes.hex), flush=True)  # vectors of other types than float are bytes
