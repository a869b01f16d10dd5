"""One Milvus server seen through pymilvus, and the comparison of a collection on two of them."""

import json

from pymilvus import Collection, connections, db, utility

BATCH = 1000
DEFAULT_DB = "default"


class Milvus:
    """In: host:port, perhaps a token. pymilvus binds a database to a connection: one is kept for each."""

    def __init__(self, name, address, token=""):
        self.name, self.address = name, address
        self._user, _, self._password = token.partition(":")
        self._open = set()

    def using(self, database=DEFAULT_DB):
        alias = f"{self.name}/{database}"
        if alias not in self._open:
            host, port = self.address.split(":")
            connections.connect(alias, host=host, port=port, user=self._user, password=self._password,
                                db_name=database, timeout=30)
            self._open.add(alias)
        return alias

    def close(self):
        for alias in self._open:
            connections.disconnect(alias)
        self._open.clear()

    def databases(self):
        return db.list_database(using=self.using())

    def create_database(self, database):
        db.create_database(database, using=self.using())

    def drop_database(self, database):
        alias = f"{self.name}/{database}"
        if alias in self._open:
            connections.disconnect(alias)
            self._open.discard(alias)
        db.drop_database(database, using=self.using())

    def collections(self, database=DEFAULT_DB):
        return utility.list_collections(using=self.using(database))

    def drop(self, collection, database=DEFAULT_DB):
        """With its aliases, which would keep it from being dropped."""
        found = self.collection(collection, database)
        for alias in found.aliases:
            utility.drop_alias(alias, using=self.using(database))
        found.drop()

    def has(self, collection, database=DEFAULT_DB):
        return utility.has_collection(collection, using=self.using(database))

    def collection(self, name, database=DEFAULT_DB) -> Collection:
        return Collection(name, using=self.using(database))

    def load_state(self, name, database=DEFAULT_DB):
        return utility.load_state(name, using=self.using(database)).name

    def count(self, name, database=DEFAULT_DB):
        answer = self.collection(name, database).query("", output_fields=["count(*)"],
                                                       consistency_level="Strong")
        return answer[0]["count(*)"]

    def keys(self, name, database=DEFAULT_DB) -> set:
        """May hide keys that the collection holds several times: see `differences`."""
        found = self.collection(name, database)
        least = '""' if found.primary_field.dtype.name == "VARCHAR" else str(1 - 2**63)  # the least that Milvus parses
        key = found.primary_field.name
        return {row[key] for row in found.query(f"{key} >= {least}", output_fields=[key],
                                                consistency_level="Strong")}

    def rows(self, name, keys, database=DEFAULT_DB) -> dict:
        """Point reads: key -> the row, comparable with ==."""
        found = self.collection(name, database)
        key, keys, rows = found.primary_field.name, sorted(keys), {}
        for at in range(0, len(keys), BATCH):
            wanted = json.dumps(keys[at:at + BATCH], ensure_ascii=False)
            for row in found.query(f"{key} in {wanted}", output_fields=["*"], consistency_level="Strong"):
                rows[row[key]] = {field: _plain(value) for field, value in row.items()}
        return rows


def _plain(value):
    """pymilvus gives numpy scalars, bytes and lists of them; equal values must compare equal."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    return value.item() if hasattr(value, "item") else value


def differences(source, target, name, database=DEFAULT_DB, target_name=None, target_database=None, keys=()):
    """What differs in the rows of a loaded collection, as text, the first ten. `keys`: keys that the test
    knows of, for rows that a scan may hide. The count is taken first: it is exact, and cheap to repeat."""
    at = (target_name or name, target_database or database)
    counts = source.count(name, database), target.count(*at)
    if counts[0] != counts[1]:
        return [f"{counts[0]} rows in the source, {counts[1]} in the target"]
    keys = set(keys) | source.keys(name, database) | target.keys(*at)
    here, there = source.rows(name, keys, database), target.rows(at[0], keys, at[1])
    found = []
    for key in sorted(keys):
        if here.get(key) != there.get(key):
            found.append(f"key {key!r}: source {here.get(key)}, target {there.get(key)}")
        if len(found) == 10:
            break
    return found


def shape(server, name, database=DEFAULT_DB):
    """What DDL makes of a collection, comparable between two servers: fields, partitions, indexes, load."""
    found = server.collection(name, database)
    fields = []
    for field in found.schema.fields:
        params = {k: str(v) for k, v in field.params.items() if k not in ("mmap_enabled",)}
        fields.append((field.name, field.dtype.name, field.is_primary, field.is_partition_key, params))
    return {
        "fields": fields,
        "dynamic": found.schema.enable_dynamic_field,
        "description": found.schema.description,
        "shards": found.num_shards,
        "partitions": sorted(partition.name for partition in found.partitions),
        "indexes": sorted((index.index_name, index.field_name, json.dumps(index.params, sort_keys=True))
                          for index in found.indexes),
        "load": server.load_state(name, database),
    }
