"""The collections and rows that most tests use."""

from pymilvus import Collection, CollectionSchema, DataType, FieldSchema

DIMENSIONS = 8


def schema(key=DataType.INT64, dynamic=False, extra=()):
    fields = [FieldSchema("id", key, is_primary=True, **({"max_length": 64} if key == DataType.VARCHAR else {})),
              FieldSchema("number", DataType.INT32),
              FieldSchema("text", DataType.VARCHAR, max_length=200),
              FieldSchema("vector", DataType.FLOAT_VECTOR, dim=DIMENSIONS), *extra]
    return CollectionSchema(fields, enable_dynamic_field=dynamic)


def create(server, name, database="default", loaded=False, shards=2, of=None) -> Collection:
    made = Collection(name, of or schema(), using=server.using(database), shards_num=shards,
                      consistency_level="Strong")
    if loaded:
        index_and_load(made)
    return made


def index_and_load(collection, field="vector", metric="L2"):
    collection.create_index(field, {"index_type": "FLAT", "metric_type": metric, "params": {}})
    collection.load()


def row(key, text=None, **fields):
    """A row whose every value follows from its key."""
    number = key if isinstance(key, int) else len(key)
    return {"id": key, "number": number * 3, "text": text or f"text {key}",
            "vector": [float((number + at) % 97) / 4 for at in range(DIMENSIONS)]} | fields
