"""Every shape and format that the source can write, applied by the sink: rows of every type that the server
holds go through several pipelines at a time, each with options of its own, from one collection into a copy
for each pipeline.
"""

import base64
import json
import re
import struct

import pytest
from pymilvus import CollectionSchema, DataType, FieldSchema, MilvusException

import wait
from pipeline import Pipeline
from samples import create, index_and_load
from shapes import AVRO, JSON_PLAIN, JSON_WITH_SCHEMA, Shape
from stream import Stream

# The default, an envelope in Avro with a record as key, is in every other test, and here the one to compare with. Of the
# pairs of options only flat with Avro is left to the long run.
QUICK = [Shape("envelope", "record", JSON_PLAIN, tombstones=False, upsert_op="c"),
         Shape("envelope", "primitive", JSON_WITH_SCHEMA),
         Shape("flat", "record", JSON_WITH_SCHEMA),
         Shape("flat", "primitive", JSON_PLAIN)]
FORMATS = [AVRO, JSON_WITH_SCHEMA, JSON_PLAIN]
ALL = [Shape(change, key, of, tombstones, upsert_op)
       for change in ("envelope", "flat") for key in ("record", "primitive") for of in FORMATS
       for tombstones in (True, False) for upsert_op in ("u", "c")
       if change == "envelope" or (tombstones, upsert_op) in ((True, "u"), (False, "c"))]

ARRAYS = {"a_bool": DataType.BOOL, "a_int8": DataType.INT8, "a_int16": DataType.INT16, "a_int32": DataType.INT32,
          "a_int64": DataType.INT64, "a_float": DataType.FLOAT, "a_double": DataType.DOUBLE}
FLOAT32 = {"f", "v", "a_float"}
TEXTS = ["", "quote \" and \\ backslash", "päng 日本 \U0001f600", "line\nbreak\ttab \x01", "</script>"]


def numbers_schema():
    """Int64 key, float vector, every scalar type, arrays of each, dynamic field."""
    fields = [FieldSchema("id", DataType.INT64, is_primary=True), FieldSchema("b", DataType.BOOL),
              FieldSchema("i8", DataType.INT8), FieldSchema("i16", DataType.INT16), FieldSchema("i32", DataType.INT32),
              FieldSchema("i64", DataType.INT64), FieldSchema("f", DataType.FLOAT), FieldSchema("d", DataType.DOUBLE),
              FieldSchema("s", DataType.VARCHAR, max_length=100), FieldSchema("j", DataType.JSON),
              *[FieldSchema(one, DataType.ARRAY, element_type=of, max_capacity=8) for one, of in ARRAYS.items()],
              FieldSchema("a_text", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=8, max_length=60),
              FieldSchema("v", DataType.FLOAT_VECTOR, dim=4)]
    return CollectionSchema(fields, enable_dynamic_field=True)


def numbers_row(key, again=0):
    floats = [-0.0, 3.4028234663852886e38, 1.401298464324817e-45, 0.1, -16777216.0]
    doubles = [-0.0, 1.7976931348623157e308, 5e-324, 0.1, -1e22]
    at = (key + again) % 5
    return {"id": key, "b": at % 2 == 0, "i8": 127 - at, "i16": -32768 + at, "i32": 2**31 - 1 - at,
            "i64": (2**63 - 1 - at) * (-1) ** at, "f": floats[at], "d": doubles[at], "s": TEXTS[at],
            "j": {"again": again, "none": None, "list": [1, "x", 2**53 + 1]},
            "a_bool": [True, False][:at % 3], "a_int8": [-128, at], "a_int16": [32767], "a_int32": [-2**31, at],
            "a_int64": [2**63 - 1, -2**63], "a_float": floats[:at], "a_double": doubles, "a_text": TEXTS,
            "v": floats[1:], "beyond": TEXTS[at], "again": again}


def texts_schema():
    """VarChar key, binary vector."""
    return CollectionSchema([FieldSchema("id", DataType.VARCHAR, is_primary=True, max_length=64),
                             FieldSchema("n", DataType.INT64), FieldSchema("v", DataType.BINARY_VECTOR, dim=16)])


def texts_row(key, again=0):
    return {"id": key, "n": again - len(key), "v": struct.pack("BB", len(key), 255 - again)}


class Copies:
    """One collection, and a copy of it by each of several pipelines."""

    def __init__(self, pipeline, shapes):
        self.pipeline, self.shapes, self.name = pipeline, shapes, pipeline.name
        pipeline.configure()
        for at, shape in enumerate(shapes):
            mapping = ",".join(f"default.{one}:default.{one}_{at}" for one in self.collections)
            pipeline.kitestream.source(f"source{at}", **shape.source_options() | {
                "topic.prefix": f"{self.name}_{at}", "collection.include.list": rf"default\.{self.name}_(numbers|texts)"})
            pipeline.kitestream.sink(f"sink{at}", **shape.sink_options() | {
                "topic.prefix": f"{self.name}_{at}", "collection.mapping": mapping})

    @property
    def collections(self):
        return f"{self.name}_numbers", f"{self.name}_texts"

    def start(self):
        self.pipeline.start()
        for _, stream in self.streams():
            begun(self.pipeline, stream)
        return self

    def same_rows(self, collection, keys):
        """The default's copy by all that can be asked, the others by their count and the rows of the keys."""
        source, target = self.pipeline.source, self.pipeline.target
        self.pipeline.same_rows(collection, keys=keys, deadline_s=120)
        expected = source.count(collection), source.rows(collection, keys)
        for at, shape in enumerate(self.shapes):
            def same():
                try:
                    return (target.count(copy), target.rows(copy, keys)) == expected
                except MilvusException as error:  # not there or not loaded yet
                    raise AssertionError(str(error)) from error
            copy = f"{collection}_{at}"
            self.pipeline.kitestream.wait_for(same, 120, f"{collection} the same in the copy of {shape}")

    def streams(self):
        """Each shape with its stream, the default first."""
        yield Shape(), self.pipeline.stream
        for at, shape in enumerate(self.shapes):
            yield shape, Stream(self.pipeline.kafka, f"{self.name}_{at}", self.pipeline.stream.schemas)


def begun(pipeline, stream):
    """What is written from now on is on the stream: without a saved offset a source begins with the latest rows."""
    pipeline.kitestream.wait_for(lambda: pipeline.kafka.raw(f"{stream.prefix}.heartbeat"), 60,
                                 f"a heartbeat of {stream.prefix}")


@pytest.fixture
def copies(kitestream, stream, source, target, kafka, name):
    made = []

    def start(shapes):
        made.append(Pipeline(kitestream, stream, source, target, kafka, name))
        return Copies(made[0], shapes).start()
    yield start
    kitestream.end()
    for one in made:
        one.clean_up()


def comparable(field, value):
    """Floats of 32 bits are compared as such: the shortest text is another double than the float."""
    if isinstance(value, list):
        return [comparable(field, one) for one in value]
    if isinstance(value, float) or (field in FLOAT32 and isinstance(value, int)):
        return struct.pack("f" if field in FLOAT32 else "d", value)
    return value


def row_of(seen):
    """A row of the stream as the client wrote it; bytes stay base64."""
    row = {field: json.loads(value) if field in ("j", "_meta") else comparable(field, value)
           for field, value in seen.items()}
    return row | row.pop("_meta", {})


def written(row):
    return {field: base64.b64encode(value).decode() if isinstance(value, bytes) else comparable(field, value)
            for field, value in row.items()}


def go_through(copies):
    """With a restart, for which both ends read the metadata topic again."""
    source = copies.pipeline.source
    numbers = create(source, copies.collections[0], of=numbers_schema())
    index_and_load(numbers, "v")
    texts = create(source, copies.collections[1], of=texts_schema())
    texts.create_index("v", {"index_type": "BIN_FLAT", "metric_type": "HAMMING", "params": {}})
    texts.load()
    expected = []
    for made, make, keys in ((numbers, numbers_row, [*range(1, 30), -2**63 + 1, 2**63 - 1]),
                             (texts, texts_row, ["a", "ä", 'quote " \\', "日本", "x" * 60, "1"])):
        again, gone = keys[1:4], keys[3:5]
        made.insert([make(key) for key in keys])
        if made is numbers:
            copies.pipeline.kitestream.stop()
            copies.pipeline.kitestream.start()
        made.upsert([make(key, again=1) for key in again])
        made.delete(f"id in {json.dumps(gone, ensure_ascii=False)}")
        changes = {key: [("c", written(make(key)))] for key in keys}
        for key in again:
            changes[key].append(("u", written(make(key, again=1))))
        for key in gone:
            changes[key].append(("d", None))
        expected.append(changes)
    for collection, changes in zip(copies.collections, expected):
        copies.same_rows(collection, changes.keys())
        for shape, stream in copies.streams():
            seen = shape.changes(stream, stream.topic(collection), "id")
            assert {key: [(op, row and row_of(row)) for op, row in found] for key, found in seen.items()} == changes, \
                str(shape)


def test_shapes(copies):
    go_through(copies(QUICK))


@pytest.mark.full
@pytest.mark.parametrize("of", FORMATS)
@pytest.mark.parametrize("change", ["envelope", "flat"])
def test_all_shapes(copies, change, of):
    go_through(copies([one for one in ALL if (one.change, one.format) == (change, of)]))


# Kafka Connect's own JsonConverter at the other end

CONNECT_SINK = "org.apache.kafka.connect.file.FileStreamSinkConnector"
CONNECT_SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"


def printed(path, count, separator, what):
    """At least that many records in the file of a FileStreamSink."""
    def there():
        records = re.split(separator, path.read_text(encoding="utf-8").removesuffix("\n")) if path.exists() else []
        return records if len(records) >= count else None
    return wait.until(there, 120, what)


@pytest.mark.full
@pytest.mark.parametrize("change", ["envelope", "flat"])
def test_kafka_connect_reads_json_with_schema(connect, kitestream, stream, source, target, kafka, name, change):
    """It makes structs of our records by the schemas in them, and prints those."""
    shape = Shape(change, "record", JSON_WITH_SCHEMA)
    pipeline = Pipeline(kitestream, stream, source, target, kafka, name)
    pipeline.configure(source=shape.source_options(), sink=shape.sink_options())
    kitestream.start()
    begun(pipeline, stream)
    made = create(source, name, of=numbers_schema(), shards=1)
    index_and_load(made, "v")
    rows = [numbers_row(key) for key in range(1, 6)]
    made.insert(rows)
    made.delete("id in [5]")
    pipeline.same_rows(name)
    copy = kitestream.folder / "copy.txt"
    connect.expect(201, "POST", "/connectors", {"name": name, "config": shape.sink_options() | {
        "connector.class": CONNECT_SINK, "file": str(copy), "topics": stream.topic(name)}})
    records = printed(copy, len(rows) + 1, r"\n(?=Struct|null)", "the rows as Kafka Connect reads them")
    connect.expect(204, "DELETE", f"/connectors/{name}")
    for row, record in zip(rows, records):
        assert f"Struct{{id={row['id']},b={str(row['b']).lower()}," in record
        for field in ("i8", "i16", "i32", "i64", "s", "a_int8", "a_int64"):
            assert f",{field}={row[field]}," in record, field
    assert records[len(rows)].startswith("Struct{before=Struct{id=5},source=" if change == "envelope" else "null")
    pipeline.clean_up()


@pytest.mark.full
def test_json_of_kafka_connect_is_read(connect, runtime, name):
    lines, copy, topic = runtime.folder / "lines.txt", runtime.folder / "copy.txt", f"{name}.lines"
    texts = ["one", "", 'quote " and \\ backslash', "päng 日本"]
    lines.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    converters = Shape(format=JSON_WITH_SCHEMA).sink_options()
    connect.expect(201, "POST", "/connectors", {"name": name, "config": converters | {
        "connector.class": CONNECT_SOURCE, "file": str(lines), "topic": topic}})
    runtime.connector(f"{name}-sink", CONNECT_SINK, converters | {"file": str(copy), "topics": topic})
    runtime.start()
    assert printed(copy, len(texts), "\n", "the lines that Kafka Connect wrote") == texts
    connect.expect(204, "DELETE", f"/connectors/{name}")
    runtime.stop()
