"""A source and a sink at work, and the questions that a test asks of both ends.

In: the program, both servers, the stream. Out: nothing but answers; all waiting is for a condition.
"""

import time

from pymilvus import MilvusException

import samples
from milvus_server import DEFAULT_DB, differences, shape
from stream import materialised

# A source without any collection sends no ticks: its time stands still, and so do the heartbeats.
TICKING = "keeps_the_source_ticking"


class Pipeline:
    def __init__(self, kitestream, stream, source, target, kafka, name):
        self.kitestream, self.stream, self.kafka = kitestream, stream, kafka
        self.source, self.target, self.name = source, target, name

    def configure(self, source=None, sink=None):
        """Only collections and databases whose names begin with the test's."""
        if not self.source.has(TICKING):
            samples.create(self.source, TICKING, shards=1)
        mine = rf".*\.{self.name}.*,{self.name}.*\..*"
        self.kitestream.source(**{"collection_include_list": mine} | (source or {}))
        self.kitestream.sink(**(sink or {}))

    def start(self):
        self.kitestream.start()
        self.caught_up()
        return self

    def clean_up(self):
        """Both servers are shared by the session, and many collections slow them down."""
        self.kitestream.end()  # its sink would drop beside us
        for server in (self.source, self.target):
            for database in server.databases():
                for collection in server.collections(database):
                    if self.name in (collection[:len(self.name)], database[:len(self.name)]):
                        server.drop(collection, database)
                if database.startswith(self.name):
                    server.drop_database(database)

    def caught_up(self, deadline_s=60):
        """The stream holds all that happened before this call: a heartbeat's tick is past it."""
        now = int(time.time() * 1000) << 18
        return self.kitestream.wait_for(
            lambda: [one for one in self.stream.heartbeats()[-1:] if one["tick"] > now],
            deadline_s, "a heartbeat past this moment")

    def ddl_arrives(self, condition, what, deadline_s=60):
        return self.kitestream.wait_for(condition, deadline_s, what)

    def same_rows(self, collection, database=DEFAULT_DB, keys=(), deadline_s=60, **target_name):
        """Row by row, in source and target; the collection is loaded in the source."""
        at = target_name.get("target_name", collection), target_name.get("target_database", database)

        def compare():
            assert at[1] in self.target.databases(), "no such database in the target"
            assert self.target.has(*at), "no such collection in the target"
            assert self.target.load_state(*at) == "Loaded", "not loaded in the target"
            found = differences(self.source, self.target, collection, database, keys=keys, **target_name)
            assert not found, found
            return True

        def same():
            try:
                return compare()
            except MilvusException as error:  # dropped and made anew between two questions
                raise AssertionError(str(error)) from error
        self.kitestream.wait_for(same, deadline_s, f"{database}.{collection} the same in the target")

    def same_shape(self, collection, database=DEFAULT_DB, deadline_s=60):
        def same():
            assert database in self.target.databases(), "no such database in the target"
            assert self.target.has(collection, database), "no such collection in the target"
            here, there = shape(self.source, collection, database), shape(self.target, collection, database)
            wrong = {key: (here[key], there[key]) for key in here if here[key] != there[key]}
            assert not wrong, f"(source, target) of {wrong}"
            return True
        self.kitestream.wait_for(same, deadline_s, f"{database}.{collection} of the same shape in the target")

    def same_stream(self, collection, key="id", database=DEFAULT_DB):
        """The stream alone, read by somebody who knows no Milvus, gives the keys that the source holds, each
        as often; returns the rows, key -> list."""
        self.caught_up()
        rows = materialised(self.stream.rows(collection, database), key)
        assert sum(len(one) for one in rows.values()) == self.source.count(collection, database)
        assert self.source.keys(collection, database) <= set(rows)
        return rows
