-- A collection as a Flink table, from a topic in the envelope shape. The source needs upsert.op=c, since Flink refuses an
-- update without the row before it. Then every change of a known key looks like an insert, and only the primary key
-- and this setting make Flink replace the old row. Without them COUNT and SUM would be wrong.
SET 'table.exec.source.cdc-events-duplicate' = 'true';
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
  'connector' = 'kafka',
  'topic' = 'shop.default.books',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'debezium-avro-confluent',
  'value.debezium-avro-confluent.url' = 'http://localhost:8083',
  -- Ends at what the topic holds now. Without this line the query goes on for ever.
  'scan.bounded.mode' = 'latest-offset'
);
