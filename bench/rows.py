"""The rows of all measurements: an int64 key, a short text, a float vector."""

import random

from pymilvus import CollectionSchema, DataType, FieldSchema

BLOCK = 10000  # rows whose vectors are made once and used again and again
TEXT_CHARS = 64


def schema(dim):
    return CollectionSchema([FieldSchema("id", DataType.INT64, is_primary=True),
                             FieldSchema("text", DataType.VARCHAR, max_length=TEXT_CHARS),
                             FieldSchema("vector", DataType.FLOAT_VECTOR, dim=dim)])


class Rows:
    """Columns of any range of keys. Lists, since pymilvus takes twice as long over numpy arrays."""

    def __init__(self, dim):
        random.seed(dim)
        self._vectors = [[random.random() for _ in range(dim)] for _ in range(BLOCK)]

    def columns(self, first, count):
        keys = range(first, first + count)
        at = first % BLOCK
        vectors = self._vectors[at:at + count]
        while len(vectors) < count:
            vectors += self._vectors[:count - len(vectors)]
        return [list(keys), [f"row {key:012d}" for key in keys], vectors]
