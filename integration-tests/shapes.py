"""Shapes and formats of the stream: how both ends are told, and how somebody who is not ours reads the records.

In: a combination. Out: options for a source and its sink; records as (true operation, key, row), with values as
plain JSON has them: bytes are base64.
"""

import base64
import json
from dataclasses import dataclass

JSON_CLASS = "org.apache.kafka.connect.json.JsonConverter"
AVRO, JSON_WITH_SCHEMA, JSON_PLAIN = "avro", "json_with_schema", "json_plain"
ID_HEADERS = {"key": "kitestream.key.schema.id", "value": "kitestream.value.schema.id"}


@dataclass(frozen=True)
class Shape:
    change: str = "envelope"
    key: str = "record"
    format: str = AVRO
    tombstones: bool = True
    upsert_op: str = "u"

    def __str__(self):
        without = "" if self.tombstones else "-without_tombstones"
        return f"{self.change}-{self.key}-{self.format}-{self.upsert_op}{without}"

    def source_options(self):
        return self.sink_options() | {"change.shape": self.change, "key.shape": self.key, "upsert.op": self.upsert_op,
                                      "tombstones.on.delete": str(self.tombstones).lower()}

    def sink_options(self):
        if self.format == AVRO:
            return {}
        named = ((".converter", JSON_CLASS), (".converter.schemas.enable", "true"))
        if self.format == JSON_PLAIN:
            named = ((".converter", JSON_CLASS.rpartition(".")[2]), (".converter.schemas.enable", "false"))
        return {side + option: value for side in ("key", "value") for option, value in named}

    def changes(self, stream, topic, key_field):
        """key -> its changes in order, each (operation, row; None for a delete)."""
        found = {}
        for message in stream.kafka.raw(topic):
            headers = {name: value.decode() for name, value in message.headers() or []}
            key = self._decoded(stream, message.key(), headers, "key")
            value = self._decoded(stream, message.value(), headers, "value")
            if value is None and "__op" not in headers:
                assert self.change == "envelope" and self.tombstones, "a tombstone that says nothing"
                continue
            op, row = self._change(value, headers)
            key = key[key_field] if self.key == "record" else key
            found.setdefault(key, []).append((op, row))
        return found

    def _change(self, value, headers):
        if self.change == "flat":
            assert headers["__source.connector"] == "milvus"
            return headers["__op"], value
        assert set(headers) - set(ID_HEADERS.values()) == ({"__op"} if self.upsert_op == "c" else set())
        op = headers.get("__op", value["op"])
        assert value["op"] == (self.upsert_op if op == "u" else op)
        return op, value["after"]

    def _decoded(self, stream, data, headers, side):
        if data is None:
            assert ID_HEADERS[side] not in headers
            return None
        if self.format == AVRO:
            return plain(stream.decode(data))
        found = json.loads(data)
        if self.format == JSON_WITH_SCHEMA:
            assert set(found) == {"schema", "payload"}
            return connect_value(found["schema"], found["payload"])
        schema = stream.schema_by_id(int(headers[ID_HEADERS[side]]))
        assert isinstance(found, dict) == isinstance(schema, dict), (schema, found)
        return found


def plain(value):
    """A value of fastavro as plain JSON has it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


PYTHON_TYPES = {"boolean": bool, "int8": int, "int16": int, "int32": int, "int64": int, "float": (int, float),
                "double": (int, float), "string": str, "bytes": str}


def connect_value(schema, payload):
    """The payload, each part of which is checked against Connect's schema."""
    kind = schema["type"]
    assert set(schema) <= {"type", "optional", "name", "version", "doc", "parameters", "default", "field", "fields",
                           "items", "keys", "values"}, schema
    assert all(isinstance(one, str) for one in schema.get("parameters", {}).values())
    if payload is None:
        assert schema["optional"], schema
    elif kind == "struct":
        fields = {one["field"]: one for one in schema["fields"]}
        assert set(payload) == set(fields)
        return {name: connect_value(fields[name], payload[name]) for name in fields}
    elif kind == "array":
        return [connect_value(schema["items"], one) for one in payload]
    else:
        assert isinstance(payload, PYTHON_TYPES[kind]), (schema, payload)
        if kind.startswith("int"):
            assert -(2 ** (int(kind[3:]) - 1)) <= payload < 2 ** (int(kind[3:]) - 1)
        if kind == "bytes":
            base64.b64decode(payload, validate=True)
    return payload
