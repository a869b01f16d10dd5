"""Fields left out, masked and encoded otherwise, rows filtered: the stream and the target are what Milvus' own
queries, with the same expressions, make of the source."""

import hashlib
import hmac
import json
import re
import socket
import struct

import pytest
from pymilvus import CollectionSchema, DataType, FieldSchema

from connect_rest import ConnectRest
from pipeline import Pipeline
from samples import DIMENSIONS, create, index_and_load
from stream import materialised

SALT = "pepper"


@pytest.fixture
def selecting(kitestream, stream, source, target, kafka, name):
    """Starts a source with options and a sink, for what is called after the test."""
    made = Pipeline(kitestream, stream, source, target, kafka, name)

    def start(**options):
        made.configure()
        kitestream.connectors[0]["config"] |= options
        return made.start()

    yield start
    made.clean_up()


def masked(value):
    return hmac.new(SALT.encode(), value.encode(), hashlib.sha256).hexdigest()


def failure(pipeline, connector="source"):
    def failed():
        status = pipeline.kitestream.task_status(pipeline.kafka, connector)
        return status.get("state") == "FAILED" and status["trace"]
    return pipeline.kitestream.wait_for(failed, 60, f"a {connector} that has failed")


# Row filters: Milvus evaluates the same expressions

SCALARS = [FieldSchema("id", DataType.INT64, is_primary=True), FieldSchema("g", DataType.INT64),
           FieldSchema("b", DataType.BOOL), FieldSchema("i8", DataType.INT8), FieldSchema("i16", DataType.INT16),
           FieldSchema("i32", DataType.INT32), FieldSchema("i64", DataType.INT64), FieldSchema("f", DataType.FLOAT),
           FieldSchema("d", DataType.DOUBLE), FieldSchema("s", DataType.VARCHAR, max_length=50),
           FieldSchema("v", DataType.FLOAT_VECTOR, dim=2)]
TEXTS = ["", "a", "ab", "abc", "b", "B", "päng", "日本", 'quo"te', "it's", "back\\slash", "tab\t", "a%b", "ab_"]
EXPRESSIONS = [
    "i8 == -3", "i16 != 200", "i32 < -1 or i32 >= 4", "i64 > 9007199254740993", "2 <= i8 < 6", "600 >= i16 > 200",
    "7 == i8", "i32 in [1, -5, 3]", "i8 not in [0, 1, 2]", "b == true", "b != true", "b in [false]",
    "f == 0.5", "f > 0.1 and f < 2", "d <= 0.1", "d in [0.3, 1]", "d > -1e-3", "f >= 1",
    "s == 'abc'", 's == "it\'s"', "s == 'quo\"te'", "s == 'back\\\\slash'", "s == 'tab\\t'", "s < 'b'", "s >= '日'",
    "s in ['a', 'b', '日本', 'none']", "s not in ['a', '']", 's like "ab%"', "s like 'p%'", "s like 'abc'",
    "not (i8 > 2)", "!(s == 'a') && (i8 > 3 || b == false)", "i8 > 6 or i8 < 1 and b == true",
    "(i8 > 6 or i8 < 1) and b == true", "i64 == 0x20000000000004", "i32 >= -5 and not (i32 in [-5, 0])",
]


def scalars(key, group):
    """The key-th row of a group."""
    return {"id": group * 100 + key, "g": group, "b": key % 2 == 0, "i8": key - 4, "i16": key * 100, "i32": 5 - key,
            "i64": 2**53 + key, "f": key / 8, "d": key / 10, "s": TEXTS[key % len(TEXTS)], "v": [key, group]}


def test_row_filter__is_what_milvus_finds(selecting, source, target, name):
    """One filter holds all expressions: each is for the rows of its group."""
    whole = " or ".join(f"g == {group} and ({text})" for group, text in enumerate(EXPRESSIONS))
    pipeline = selecting(**{"row.filter": whole})
    made = create(source, name, of=CollectionSchema(SCALARS))
    index_and_load(made, "v")
    made.insert([scalars(key, group) for group in range(len(EXPRESSIONS)) for key in range(len(TEXTS))])
    # Rows move: what matched does not any more, and the other way round.
    made.upsert([scalars(key, group) | scalars(key + 3, 0) | {"id": group * 100 + key, "g": group}
                 for group in range(len(EXPRESSIONS)) for key in range(0, 9, 2)])
    made.delete(f"id in {[group * 100 + 7 for group in range(len(EXPRESSIONS))]}")

    def found(text):
        return {row["id"] for row in made.query(text, output_fields=["id"], consistency_level="Strong")}

    pipeline.caught_up()
    streamed = set(materialised(pipeline.stream.rows(name), "id"))
    for group, text in enumerate(EXPRESSIONS):
        mine = {key for key in streamed if key // 100 == group}
        assert mine == found(f"g == {group} and ({text})"), text
    assert streamed == found(whole) and len(streamed) < source.count(name)
    pipeline.kitestream.wait_for(lambda: target.has(name) and target.load_state(name) == "Loaded" and
                                 target.keys(name) == streamed, 60, "the same rows in the target")


# Fields

def person(key, age=None, mail=None):
    return {"id": f"p{key}", "age": key if age is None else age, "mail": mail or f"p{key}@example.org",
            "password": f"secret {key}", "vector": [key / 4 + at for at in range(DIMENSIONS)], "note": f"note {key}"}


def shaped(row):
    return {"id": masked(row["id"]), "age": row["age"], "mail": masked(row["mail"]),
            "vector": [float(one) for one in row["vector"]]}


def test_fields__left_out_masked_and_as_bytes(selecting, source, target, kafka, name):
    pipeline = selecting(**{
        "field.exclude.list": rf"default\.{name}\.(password|\$meta)", "field.mask.hash.list": rf".*\.{name}\.(id|mail)",
        "field.mask.hash.salt": SALT, f"row.filter.default.{name}": "age >= 18 and not (mail like 'hidden%')",
        "row.filter": "nothing == 'is asked about other collections, and there are none'", "vector.encoding": "bytes"})
    fields = [FieldSchema("id", DataType.VARCHAR, is_primary=True, max_length=20), FieldSchema("age", DataType.INT64),
              FieldSchema("mail", DataType.VARCHAR, max_length=100),
              FieldSchema("password", DataType.VARCHAR, max_length=100),
              FieldSchema("vector", DataType.FLOAT_VECTOR, dim=DIMENSIONS)]
    made = create(source, name, of=CollectionSchema(fields, enable_dynamic_field=True))
    made.create_index("password", index_name="on_password")
    index_and_load(made)
    made.insert([person(key) for key in range(60)])
    made.upsert([person(key, age=key + 15) for key in range(0, 10)] +  # some come in,
                [person(key, age=key - 15) for key in range(20, 40)] +  # some go,
                [person(50, mail="hidden@example.org"), person(51, mail="seen@example.org")])
    made.delete('id in ["p1", "p5", "p30", "p52"]')
    expected = {shaped(row)["id"]: shaped(row) for row in
                made.query("age >= 18 and not (mail like 'hidden%')", output_fields=["id", "age", "mail", "vector"],
                           consistency_level="Strong")}
    assert 20 < len(expected) < 60

    def same():
        assert target.has(name) and target.load_state(name) == "Loaded"
        found = target.collection(name).query("age >= -1000", output_fields=["id", "age", "mail", "vector"],
                                              consistency_level="Strong")
        found = {row["id"]: dict(row) | {"vector": [float(one) for one in row["vector"]]} for row in found}
        assert found == expected
        return True

    pipeline.kitestream.wait_for(same, 60, "what is left of the source in the target")
    there = target.collection(name)
    assert [field.name for field in there.schema.fields] == ["id", "age", "mail", "vector"]
    assert [field.params.get("max_length") for field in there.schema.fields][0:3:2] == [64, 100]
    assert not there.schema.enable_dynamic_field
    assert [index.field_name for index in there.indexes] == ["vector"]

    pipeline.caught_up()
    records = pipeline.stream.rows(name)
    rows = materialised(records, "id")
    assert set(rows) == set(expected)
    for key, (row,) in rows.items():
        assert row | {"vector": list(struct.unpack(f"<{DIMENSIONS}f", row["vector"]))} == expected[key]
    raw = b"".join((one.key() or b"") + (one.value() or b"") for one in kafka.raw(pipeline.stream.topic(name)))
    assert b"secret" not in raw and b"@example" not in raw and b"note" not in raw
    ddl = json.dumps([one for one in pipeline.stream.ddl() if one["collection"] == name])
    assert "password" not in ddl and "$meta" not in ddl

    refused_later(pipeline)


def refused_later(pipeline):
    """The type of a topic's field stays."""
    pipeline.kitestream.stop()
    pipeline.kitestream.connectors[0]["config"]["vector.encoding"] = "array"
    pipeline.kitestream.start()
    assert "vector.encoding: the stream" in failure(pipeline)


def test_omit__a_stream_without_vectors(selecting, source, target, kafka, name):
    """Good for readers of the stream; no Milvus could load it, and the sink says so."""
    pipeline = selecting(**{"vector.encoding": "omit"})
    made = create(source, name, loaded=True)
    made.insert([{"id": key, "number": key, "text": "t", "vector": [0.5] * DIMENSIONS} for key in range(20)])
    pipeline.caught_up()
    rows = materialised(pipeline.stream.rows(name), "id")
    assert rows == {key: [{"id": key, "number": key, "text": "t"}] for key in range(20)}
    assert "create_index" not in pipeline.stream.kinds(name)
    pipeline.kitestream.wait_for(
        lambda: f"the stream has no vector field of default.{name}" in
        json.dumps(pipeline.kitestream.task_status(kafka, "sink")), 60, "a quarantined collection")
    assert not target.has(name)


# What does not fit

def test_rules_that_do_not_fit__name_option_field_and_collection(selecting, source, name):
    pipeline = selecting(**{"row.filter": "number > 3 and nothing == 1"})
    create(source, name)
    unfit = f"row.filter of collection default.{name}: column 16: 'nothing' is not a field"
    assert unfit in failure(pipeline)
    # Now with the collection there: a worker's start asks no etcd before it plans the task, which says it itself.
    pipeline.kitestream.stop()
    pipeline.kitestream.start()
    pipeline.kitestream.wait_log(re.escape(unfit))
    status = ConnectRest(pipeline.kitestream.rest).wait_up().wait_state(f"{name}-source", "RUNNING", ["FAILED"])
    assert unfit in status["tasks"][0]["trace"]


@pytest.fixture
def judged(kitestream, folder):
    """A worker without connectors, and what it says of a source: to PUT validate, to POST, and by the command check."""
    kitestream.start()
    rest = ConnectRest(kitestream.rest).wait_up()

    def judge(options):
        kitestream.source("judged")
        one = kitestream.connectors.pop()
        one["config"] |= options
        config = one["config"] | {"connector.class": one["class"], "name": one["name"]}
        (folder / "judged.yaml").write_text(json.dumps({"connectors": [one]}), encoding="utf-8")
        validated = rest.ok("PUT", "/connector-plugins/MilvusSourceConnector/config/validate", config)
        errors = {each["value"]["name"]: each["value"]["errors"] for each in validated["configs"]
                  if each["value"]["errors"]}
        return errors, rest.call("POST", "/connectors", {"name": one["name"], "config": config}), \
            kitestream.command("check", "-c", folder / "worker.yaml", folder / "judged.yaml")

    return judge


def test_rules_that_do_not_fit__are_named_before_anything_is_started(judged, source, name):
    create(source, name)
    there = f"default.{name}"
    errors, posted, checked = judged({
        "field.exclude.list": rf"default\.{name}\.id,{there}.nowhere,default.{name}_later.x",
        "field.mask.hash.list": f"{there}.vector", "field.mask.hash.salt": SALT, "row.filter": "of_others == 1",
        f"row.filter.{there}": "text == 3", "collection.include.list": there})
    fields = "id, number, text, vector"
    expected = {
        "field.exclude.list": [
            f"field.exclude.list: '{there}.nowhere' fits no field of collection {there}; it has {fields}",
            f"field.exclude.list: field 'id' of collection {there} cannot be left out, it is the primary key: "
            "a change without it would be nobody's"],
        "field.mask.hash.list": [f"field.mask.hash.list: field 'vector' of collection {there} cannot be masked, "
                                 "it is a FloatVector; only VarChar fields can"],
        f"row.filter.{there}": [f"row.filter.{there} of collection {there}: column 1: field 'text' is a VarChar: "
                                "it is compared with texts in quotes"]}
    assert errors == expected
    assert posted.status_code == 400 and checked.returncode == 1
    for one in (text for texts in expected.values() for text in texts):
        assert one in posted.json()["message"] and one in checked.stderr


def test_rules_about_what_is_not_there_yet__are_no_errors(judged, source, name):
    """No collection of that name; or another one, that is not captured."""
    create(source, name)
    later = f"default.{name}_later"
    errors, posted, checked = judged({"field.exclude.list": f"{later}.id", "row.filter": "nothing == 1",
                                      "collection.include.list": later})
    assert not errors and posted.status_code == 201 and checked.returncode == 0, (errors, posted.text, checked.stderr)


def test_rules_and_an_etcd_that_does_not_answer__are_no_errors(judged, name):
    """It accepts connections and is silent, or refuses them. The answers come, within the requests' own deadlines."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        rules = {"field.exclude.list": f"default.{name}.id", "milvus.etcd.endpoints": endpoint}
        errors, posted, checked = judged(rules)
        assert not errors and posted.status_code == 201 and checked.returncode == 0
        assert silent.accept()
    errors, _, checked = judged(rules)
    assert not errors and checked.returncode == 0


def test_check__names_options_before_anything_is_started(kitestream, folder):
    kitestream.source("values", field_exclude_list="default.a.(b", vector_encoding="text")
    kitestream.source("rules", field_mask_hash_list="default.a.b", row_filter="a == 1 and", row_filter_books="a == 1")
    file = folder / "bad.yaml"
    file.write_text(json.dumps({"connectors": kitestream.connectors}, indent=1), encoding="utf-8")
    worker = folder / "worker.yaml"
    worker.write_text(json.dumps(kitestream.worker), encoding="utf-8")
    found = kitestream.command("check", "-c", worker, file)
    said = found.stdout + found.stderr
    assert found.returncode == 1
    for option in ("field.exclude.list", "vector.encoding", "field.mask.hash.salt", "row.filter: column 11",
                   "row.filter.books"):
        assert option in said, said
