"""Metadata changes, end to end: on the stream in their order, and done in the target."""

from pymilvus import utility

from samples import create, index_and_load, row


def test_database(pipeline, source, target, name):
    """The pipeline has filters, so a database comes with its first captured collection."""
    source.create_database(name)
    made = create(source, name, name)
    pipeline.ddl_arrives(lambda: name in target.databases() and target.has(name, name), "the database")
    made.drop()
    pipeline.ddl_arrives(lambda: not target.has(name, name), "the collection gone")
    source.drop_database(name)
    pipeline.ddl_arrives(lambda: name not in target.databases(), "the database gone")
    assert [one["kind"] for one in pipeline.stream.ddl() if one["db"] == name] == [
        "create_database", "create_collection", "drop_collection", "drop_database"]


def test_collection(pipeline, source, target, name):
    made = create(source, name, shards=3)
    pipeline.same_shape(name)
    pipeline.caught_up()
    assert pipeline.kafka.partitions(pipeline.stream.topic(name)) == 3
    made.drop()
    pipeline.ddl_arrives(lambda: not target.has(name), "the collection gone")
    assert pipeline.stream.kinds(name) == ["create_collection", "drop_collection"]


def test_partition(pipeline, source, target, name):
    made = create(source, name)
    made.create_partition("p1")
    made.create_partition("p2")
    pipeline.same_shape(name)
    assert target.collection(name).has_partition("p1")
    made.drop_partition("p1")
    pipeline.same_shape(name)
    assert not target.collection(name).has_partition("p1")


def test_index_and_load(pipeline, source, name):
    made = create(source, name)
    index_and_load(made)
    pipeline.same_shape(name)
    made.release()
    pipeline.same_shape(name)
    made.drop_index(index_name="vector")
    pipeline.same_shape(name)
    made.create_index("vector", {"index_type": "HNSW", "metric_type": "IP", "params": {"M": 8, "efConstruction": 64}},
                      index_name="other")
    made.load()
    pipeline.same_shape(name)
    assert pipeline.stream.kinds(name) == [
        "create_collection", "create_index", "load_collection", "release_collection", "drop_index",
        "create_index", "load_collection"]


def test_partitions_loaded_one_by_one(pipeline, source, target, name):
    made = create(source, name)
    for partition in ("p1", "p2", "p3"):
        made.create_partition(partition)
    made.create_index("vector", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
    made.load(partition_names=["p1", "p2"])

    def loaded():
        return [utility.load_state(name, [one], using=target.using()).name == "Loaded" for one in ("p1", "p2", "p3")]

    pipeline.ddl_arrives(lambda: target.has(name) and len(target.collection(name).partitions) == 4 and
                         loaded() == [True, True, False], "two partitions loaded")
    made.partition("p1").release()
    pipeline.ddl_arrives(lambda: loaded() == [False, True, False], "one partition loaded")


def test_rename_and_alias(pipeline, source, target, name):
    made = create(source, name, loaded=True)
    made.insert([row(1)])
    utility.create_alias(name, f"{name}_a", using=source.using())
    pipeline.ddl_arrives(lambda: target.has(f"{name}_a"), "the alias")
    utility.rename_collection(name, f"{name}_new", using=source.using())
    pipeline.ddl_arrives(lambda: f"{name}_new" in target.collections() and name not in target.collections(),
                         "the new name")
    source.collection(f"{name}_new").insert([row(2)])
    pipeline.same_rows(f"{name}_new")
    utility.drop_alias(f"{name}_a", using=source.using())
    pipeline.ddl_arrives(lambda: not target.has(f"{name}_a"), "the alias gone")
    assert pipeline.stream.rows(f"{name}_new")[0].key == {"id": 2}


def test_flush_is_passed_on(pipeline, source, name):
    made = create(source, name, loaded=True)
    made.insert([row(key) for key in range(10)])
    made.flush()
    pipeline.ddl_arrives(lambda: "flush" in pipeline.stream.kinds(name), "the flush on the stream")
    pipeline.same_rows(name)


def test_drop_and_create_again_under_backlog(pipeline, source, target, name):
    """All of it waits on the stream while the sink is away."""
    kitestream = pipeline.kitestream
    made = create(source, name, loaded=True)
    made.insert([row(key) for key in range(3000)])
    pipeline.caught_up()
    kitestream.kill()
    made.insert([row(key) for key in range(3000, 6000)])
    made.drop()
    made = create(source, name, loaded=True)
    made.insert([row(key, text="second life") for key in range(10)])
    kitestream.start()
    pipeline.same_rows(name)
    assert target.count(name) == 10


def test_what_exists_at_the_first_start(kitestream, stream, source, target, kafka, name):
    """Metadata first, marked as a snapshot; then rows from the first cut on."""
    from pipeline import Pipeline

    made = create(source, name, loaded=True)
    made.create_partition("p1")
    pipeline = Pipeline(kitestream, stream, source, target, kafka, name)
    pipeline.configure()
    pipeline.start()
    pipeline.same_shape(name)
    made.insert([row(1)], partition_name="p1")
    pipeline.same_rows(name)
    assert all(one["snapshot"] for one in stream.ddl())
    pipeline.clean_up()
