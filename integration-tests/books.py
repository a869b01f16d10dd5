"""One collection of a real Milvus and its changes on four topics: both shapes, with the built-in schema registry and with
one that is not ours. For the tests of readers that know nothing of Kitestream.

In: the parts, the program. Out: what the collection holds by a Strong read, and where each topic and its registry are.
"""

import json
import time
from dataclasses import dataclass

from pymilvus import CollectionSchema, DataType, FieldSchema

from pipeline import TICKING
from samples import create, index_and_load
from stream import RegistrySchemas, Stream, TopicSchemas

GENRES = ("novel", "poetry", "travel")
FIELDS = ("id", "title", "genre", "pages", "rating", "vector")


def schema():
    return CollectionSchema([FieldSchema("id", DataType.INT64, is_primary=True),
                             FieldSchema("title", DataType.VARCHAR, max_length=100),
                             FieldSchema("genre", DataType.VARCHAR, max_length=20),
                             FieldSchema("pages", DataType.INT16), FieldSchema("rating", DataType.FLOAT),
                             FieldSchema("vector", DataType.FLOAT_VECTOR, dim=4)], enable_dynamic_field=True)


def book(key, edition=1):
    """Numbers that every reader prints with the same digits, whether it takes them for 4 bytes or for 8."""
    return {"id": key, "title": f"Bänd {key}", "genre": GENRES[(key + edition) % 3], "pages": 100 + key % 300 + edition,
            "rating": key % 20 / 4, "vector": [key / 8, -1.5, edition, 0.0625], "year": 1900 + edition, "of": [key, "x"]}


@dataclass(frozen=True)
class Variant:
    shape: str
    registry: str
    prefix: str
    url: str  # of the registry

    def __str__(self):
        return f"{self.shape}-{self.registry}"


class Books:
    def __init__(self, kitestream, parts, source, kafka, name):
        self.kitestream, self.source, self.kafka, self.name = kitestream, source, kafka, name
        urls = {"builtin": kitestream.rest, "apicurio": parts.env["REGISTRY_URL"]}
        self.variants = [Variant(shape, registry, f"{name}_{shape}_{registry}", url)
                         for shape in ("flat", "envelope") for registry, url in urls.items()]
        self._collection = None

    def topic(self, variant):
        return f"{variant.prefix}.default.{self.name}"

    def stream(self, variant):
        schemas = RegistrySchemas(variant.url) if variant.registry != "builtin" else \
            TopicSchemas(self.kafka, self.kitestream.worker["schema.storage.topic"])
        return Stream(self.kafka, variant.prefix, schemas)

    def start(self):
        """Four sources follow the one Milvus."""
        if not self.source.has(TICKING):
            create(self.source, TICKING, shards=1)
        for variant in self.variants:
            options = {"topic_prefix": variant.prefix, "change_shape": variant.shape,
                       "collection_include_list": rf"default\.{self.name}"}
            if variant.shape == "envelope":
                options["upsert_op"] = "c"  # for Flink
            if variant.registry != "builtin":
                options |= {"key_converter_schema_registry_url": variant.url,
                            "value_converter_schema_registry_url": variant.url}
            self.kitestream.source(name=str(variant), **options)
        self.kitestream.start()
        for variant in self.variants:
            self.kitestream.wait_for(self.stream(variant).heartbeats, 60, f"a heartbeat of {variant}")

    def write(self):
        """Each key is there once at most: a table of Flink has one row for a primary key."""
        made = self._collection = create(self.source, self.name, of=schema())
        index_and_load(made)
        for at in range(0, 600, 100):
            made.insert([book(key) for key in range(at, at + 100)])
        made.upsert([book(key, edition=2) for key in range(100, 300)])
        made.delete(f"id in {list(range(250, 320))}")
        made.insert([book(key, edition=3) for key in range(260, 270)])
        made.upsert([book(key, edition=4) for key in range(265, 275)])
        now = int(time.time() * 1000) << 18
        for variant in self.variants:
            self.kitestream.wait_for(lambda: self.stream(variant).heartbeats()[-1]["tick"] > now, 60, f"all of {variant}")

    def rows(self):
        """key -> the row as the stream has it, by a Strong read of Milvus."""
        there = self.source.rows(self.name, self.source.keys(self.name))
        assert self.source.count(self.name) == len(there) == 600 - 70 + 15
        return {key: {field: row[field] for field in FIELDS} |
                {"_meta": {field: value for field, value in row.items() if field not in FIELDS}}
                for key, row in there.items()}

    def clean_up(self):
        if self._collection:
            self._collection.drop()


def as_book(row):
    """A row of the stream, comparable with one of `Books.rows`."""
    return row | {"_meta": json.loads(row["_meta"])}
