"""What changes under a sink between two runs, or while it runs: filters, mappings, partitions of a topic."""

import json

from confluent_kafka.admin import AdminClient, NewPartitions
from pymilvus import utility

from samples import create, index_and_load, row


def restart_sink(pipeline, **options):
    pipeline.kitestream.stop()
    pipeline.kitestream.sink(**options)
    pipeline.kitestream.start()


def test_filter__taken_in_later(pipeline, source, target, name):
    """Left out at first: its metadata and rows come when the filter takes it in."""
    restart_sink(pipeline, collection_exclude_list=rf"default\.{name}")
    made = create(source, name)
    made.create_partition("p1")
    made.insert([row(key) for key in range(100)], partition_name="p1")
    index_and_load(made)
    create(source, f"{name}_other")
    pipeline.same_shape(f"{name}_other")
    assert not target.has(name)
    restart_sink(pipeline, collection_exclude_list="")
    pipeline.same_rows(name)
    pipeline.same_shape(name)


def test_mapping__changed(pipeline, source, target, kafka, name):
    """The sink does not write under the new name before the collection is there."""
    made = create(source, name, loaded=True)
    made.insert([row(1)])
    pipeline.same_rows(name)
    moved = {"collection_mapping": f"default.{name}:default.{name}_moved"}
    restart_sink(pipeline, **moved)
    made.insert([row(2)])
    pipeline.kitestream.wait_for(
        lambda: f"{name}_moved, which this sink has written to as its copy of default.{name}, is not in the target" in
        json.dumps(pipeline.kitestream.task_status(kafka, "sink")), 60, "a quarantined collection")
    assert target.count(name) == 1
    utility.rename_collection(name, f"{name}_moved", using=target.using())
    restart_sink(pipeline, **moved)
    pipeline.same_rows(name, target_name=f"{name}_moved")


def test_mapping__alias_of_a_collection_in_another_database(pipeline, source, target, name):
    target.create_database(name)
    restart_sink(pipeline, collection_mapping=f"default.{name}:{name}.{name}")
    create(source, name)
    utility.create_alias(name, f"{name}_a", using=source.using())
    pipeline.ddl_arrives(lambda: target.has(f"{name}_a", name), "the alias")
    utility.drop_alias(f"{name}_a", using=source.using())
    pipeline.ddl_arrives(lambda: not target.has(f"{name}_a", name), "the alias gone")
    assert target.has(name, name)


def test_partitions__added_while_running(pipeline, source, kafka, parts, name):
    pipeline.kitestream.stop()
    pipeline.configure(source={"producer.override.topic.metadata.refresh.interval.ms": 500})  # 5 minutes otherwise
    pipeline.kitestream.start()
    made = create(source, name, loaded=True)
    made.insert([row(key) for key in range(100)])
    pipeline.same_rows(name)
    topic = pipeline.stream.topic(name)
    before = kafka.partitions(topic)
    admin = AdminClient(parts.kafka_client)
    admin.create_partitions([NewPartitions(topic, before + 2)])[topic].result(30)

    def used():
        """Until the source's producer knows them, a row goes where it would have gone before."""
        made.upsert([row(key, "again") for key in range(200)])
        return {one.partition for one in pipeline.stream.rows(name)} == set(range(before + 2))

    pipeline.ddl_arrives(used, "rows in the new partitions")
    pipeline.same_rows(name)
    made.drop()
    pipeline.ddl_arrives(lambda: not pipeline.target.has(name), "the collection gone")
