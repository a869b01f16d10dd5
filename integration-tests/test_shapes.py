"""Every shape and format that the source can write, applied by the sink: rows of every type that the server
holds go through several pipelines at a time, each with options of its own, from one collection into a copy
for each pipeline.
"""

import json
import struct

import pytest
from pymilvus import CollectionSchema, DataType, FieldSchema

from pipeline import Pipeline
from samples import create, index_and_load
from shapes import AVRO, JSON_PLAIN, JSON_WITH_SCHEMA, Shape
from stream import Stream

# The default, an envelope in Avro with a record as key, is in every other test, and here the one to compare with.
QUICK = [Shape("envelope", "record", JSON_PLAIN, tombstones=False, upsert_op="c"),
         Shape("envelope", "primitive", JSON_WITH_SCHEMA),
         Shape("flat", "record", JSON_WITH_SCHEMA),
         Shape("flat", "primitive", JSON_PLAIN),
         Shape("flat", "primitive", AVRO)]
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

    def same_rows(self, collection, keys):
        self.pipeline.same_rows(collection, keys=keys)
        for at, _ in enumerate(self.shapes):
            self.pipeline.same_rows(collection, keys=keys, target_name=f"{collection}_{at}", deadline_s=120)

    def streams(self):
        """Each shape with its stream, the default first."""
        yield Shape(), self.pipeline.stream
        for at, shape in enumerate(self.shapes):
            yield shape, Stream(self.pipeline.kafka, f"{self.name}_{at}", self.pipeline.stream.schemas)


@pytest.fixture
def copies(kitestream, stream, source, target, kafka, name):
    made = []

    def start(shapes):
        made.append(Pipeline(kitestream, stream, source, target, kafka, name))
        found = Copies(made[0], shapes)
        made[0].start()
        return found
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
    import base64

    return {field: base64.b64encode(value).decode() if isinstance(value, bytes) else comparable(field, value)
            for field, value in row.items()}


def go_through(copies):
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
def test_all_shapes(copies, of):
    go_through(copies([one for one in ALL if one.format == of]))
