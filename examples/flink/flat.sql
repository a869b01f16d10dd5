-- A collection as a Flink table, from a topic in the flat shape (source option change.shape=flat).
-- This is the recommended way: an upsert replaces the row of its key, a tombstone deletes it.
-- Columns are matched by name; those that are left out here are not read.
CREATE TABLE books (
  id BIGINT,
  title STRING,
  genre STRING,
  pages INT,
  rating FLOAT,
  vector ARRAY<FLOAT>,
  _meta STRING,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'shop.default.books',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.isolation.level' = 'read_committed',
  'key.format' = 'avro-confluent',
  'key.avro-confluent.url' = 'http://localhost:8083',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = 'http://localhost:8083',
  -- Ends at what the topic holds now. Without this line the query goes on for ever.
  'scan.bounded.mode' = 'latest-offset'
);
