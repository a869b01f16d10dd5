"""Rows, end to end: what pymilvus writes into the source is on the stream and in the target."""

import json

import pytest
from pymilvus import CollectionSchema, DataType, FieldSchema, utility

from samples import create, index_and_load, row, schema


def test_insert_upsert_delete(pipeline, name):
    made = create(pipeline.source, name, loaded=True)
    made.insert([row(key) for key in range(500)])
    made.upsert([row(key, text="again") for key in range(100, 200)])
    made.delete("id in [0, 1, 2, 499]")
    pipeline.same_rows(name)
    rows = pipeline.same_stream(name)
    assert rows[150][0]["text"] == "again" and rows[3][0]["text"] == "text 3"
    ops = [record.op for record in pipeline.stream.rows(name) if record.value]
    assert (ops.count("c"), ops.count("u"), ops.count("d")) == (500, 100, 4)


def test_delete__before_is_the_key_then_a_tombstone(pipeline, name):
    made = create(pipeline.source, name, loaded=True)
    made.insert([row(1)])
    made.delete("id in [1]")
    pipeline.same_rows(name)
    pipeline.caught_up()
    create_, delete, tombstone = pipeline.stream.rows(name)
    assert create_.key == delete.key == tombstone.key == {"id": 1}
    assert create_.partition == delete.partition == tombstone.partition
    assert delete.value["before"] == {"id": 1, "number": None, "text": None, "vector": None}
    assert delete.value["after"] is None and tombstone.value is None


def test_source_block__names_each_row_for_ever(pipeline, source, name):
    made = create(source, name, loaded=True)
    made.insert([row(key) for key in range(50)])
    pipeline.same_rows(name)
    pipeline.caught_up()
    blocks = [record.value["source"] for record in pipeline.stream.rows(name)]
    assert len({(one["channel"], one["offset"], one["row"]) for one in blocks}) == 50
    created = next(one for one in pipeline.stream.ddl() if one["kind"] == "create_collection")
    for one in blocks:
        assert (one["connector"], one["db"], one["collection"], one["partition"]) == ("milvus", "default", name, "_default")
        assert one["collection_id"] == created["collection_id"] and one["ddl_seq"] == created["seq"]
        assert one["tick"] > created["tick"] and one["snapshot"] in ("false", False)


def test_every_scalar_type(pipeline, name):
    arrays = {"ab": DataType.BOOL, "ai": DataType.INT64, "af": DataType.FLOAT, "ad": DataType.DOUBLE}
    fields = [FieldSchema("id", DataType.INT64, is_primary=True), FieldSchema("b", DataType.BOOL),
              FieldSchema("i8", DataType.INT8), FieldSchema("i16", DataType.INT16),
              FieldSchema("i32", DataType.INT32), FieldSchema("i64", DataType.INT64),
              FieldSchema("f", DataType.FLOAT), FieldSchema("d", DataType.DOUBLE),
              FieldSchema("s", DataType.VARCHAR, max_length=100), FieldSchema("j", DataType.JSON),
              *[FieldSchema(one, DataType.ARRAY, element_type=of, max_capacity=10) for one, of in arrays.items()],
              FieldSchema("as", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=10, max_length=50),
              FieldSchema("v", DataType.FLOAT_VECTOR, dim=4)]
    made = create(pipeline.source, name, of=CollectionSchema(fields, enable_dynamic_field=True))
    index_and_load(made, "v")
    rows = [{"id": key, "b": key % 2 == 0, "i8": -128 + key, "i16": -32768 + key, "i32": -2**31 + key,
             "i64": 2**63 - 1 - key, "f": key / 3, "d": key / 7, "s": f"päng-{key}-日本",
             "j": {"a": key, "n": None, "t": [1, "x"]}, "ab": [True, False][:key % 3], "ai": [key, -key],
             "af": [key / 2], "ad": [], "as": ["", "ü"], "v": [key, 0.5, -1.0, 1e-20], "beyond": f"schema {key}"}
            for key in range(40)]
    made.insert(rows)
    pipeline.same_rows(name)
    seen = pipeline.same_stream(name)
    for sent in rows:
        (got,) = seen[sent["id"]]
        assert json.loads(got["j"]) == sent["j"] and json.loads(got["_meta"]) == {"beyond": sent["beyond"]}
        for field in ("b", "i8", "i16", "i32", "i64", "d", "s", "ab", "ai", "af", "ad", "as"):
            assert got[field] == sent[field], field
        assert got["f"] == pytest.approx(sent["f"], rel=1e-6) and got["v"] == pytest.approx(sent["v"], rel=1e-6)


def test_binary_vector(pipeline, name):
    fields = [FieldSchema("id", DataType.INT64, is_primary=True), FieldSchema("v", DataType.BINARY_VECTOR, dim=16)]
    made = create(pipeline.source, name, of=CollectionSchema(fields))
    made.create_index("v", {"index_type": "BIN_FLAT", "metric_type": "HAMMING", "params": {}})
    made.load()
    made.insert([[1, 2], [b"\x00\xff", b"\x12\x34"]])
    pipeline.same_rows(name)
    assert {key: rows[0]["v"] for key, rows in pipeline.same_stream(name).items()} == {1: b"\x00\xff", 2: b"\x12\x34"}


def test_varchar_key(pipeline, name):
    made = create(pipeline.source, name, loaded=True, of=schema(DataType.VARCHAR))
    keys = ["", "a", 'quote " and \\ backslash', "日本", "x" * 64]
    made.insert([row(key) for key in keys])
    made.upsert([row("日本", text="again")])
    made.delete('id in ["a"]')
    pipeline.same_rows(name, keys=keys)
    assert pipeline.same_stream(name)["日本"][0]["text"] == "again"


def test_auto_id__keys_of_the_source_are_kept(pipeline, name):
    fields = [FieldSchema("id", DataType.INT64, is_primary=True, auto_id=True),
              FieldSchema("vector", DataType.FLOAT_VECTOR, dim=4)]
    made = create(pipeline.source, name, loaded=True, of=CollectionSchema(fields))
    keys = made.insert([[[1.0, 2.0, 3.0, 4.0]] * 20]).primary_keys
    pipeline.same_rows(name)
    assert pipeline.target.keys(name) == set(keys)


def test_one_key_several_times(pipeline, name):
    """Milvus does not forbid it, so neither do we."""
    made = create(pipeline.source, name, loaded=True)
    made.insert([row(1, text=f"copy {n}") for n in range(3)])
    made.insert([row(1, text="copy 3"), row(2)])
    pipeline.same_rows(name, keys=[1])
    assert len(pipeline.same_stream(name)[1]) == 4
    made.delete("id in [1]")
    pipeline.same_rows(name, keys=[1])


def test_partitions_and_an_alias_as_the_name_to_write_to(pipeline, source, target, name):
    made = create(source, name, loaded=True)
    made.create_partition("my_default_2")
    utility.create_alias(name, f"{name}_alias", using=source.using())
    source.collection(f"{name}_alias").insert([row(key) for key in range(10)], partition_name="my_default_2")
    made.insert([row(key) for key in range(10, 15)])
    pipeline.same_rows(name)

    def in_partition():
        return len(target.collection(name).query("id >= 0", partition_names=["my_default_2"],
                                                 consistency_level="Strong")) == 10
    assert in_partition()
    made.delete("id in [1, 2]", partition_name="my_default_2")
    made.delete("id in [3]", partition_name="_default")  # which is not where it is: nothing happens
    pipeline.same_rows(name)
    assert target.count(name) == source.count(name) == 13
    assert {record.value["source"]["collection"] for record in pipeline.stream.rows(name) if record.value} == {name}


def test_partition_key(pipeline, name):
    by = FieldSchema("tenant", DataType.VARCHAR, max_length=30, is_partition_key=True)
    made = create(pipeline.source, name, loaded=True, of=schema(extra=[by]))
    made.insert([row(key, tenant=f"t{key % 7}") for key in range(200)])
    made.upsert([row(5, text="moved", tenant="elsewhere")])
    made.delete("id in [6, 7]")
    pipeline.same_rows(name)


def test_same_name_in_several_databases(pipeline, name):
    databases = [f"{name}_{n}" for n in range(2)]
    for at, database in enumerate(databases):
        pipeline.source.create_database(database)
        create(pipeline.source, name, database, loaded=True).insert([row(key) for key in range(10 + at)])
    for at, database in enumerate(databases):
        pipeline.same_rows(name, database)
        assert pipeline.target.count(name, database) == 10 + at


def test_create_insert_drop_of_one_name_again_and_again(pipeline, source, name):
    """Four rounds in about a tick, on as many pchannels; only the last collection stays."""
    for round_ in range(4):
        made = create(source, name)
        made.insert([row(key, text=f"round {round_}") for key in range(5)])
        made.drop()
    made = create(source, name, loaded=True)
    made.insert([row(1, text="stays")])
    pipeline.same_rows(name)
    pipeline.caught_up()
    assert pipeline.target.rows(name, [1])[1]["text"] == "stays"
    assert pipeline.stream.kinds(name).count("drop_collection") == 4


@pytest.mark.full
def test_many_rows(pipeline, name):
    """More than one request and one transaction hold."""
    made = create(pipeline.source, name, loaded=True)
    for at in range(0, 30000, 5000):
        made.insert([row(key) for key in range(at, at + 5000)])
    pipeline.same_rows(name, deadline_s=120)
    assert len(pipeline.same_stream(name)) == 30000
