// Prints the changes of one collection as JSON lines, in either shape.
//
//     node changes.js BROKERS REGISTRY TOPIC      e.g. localhost:9092 http://localhost:8083 shop.default.books
//
// needs kafkajs and @kafkajs/confluent-schema-registry. Milvus' IDs and ticks are larger than a JavaScript number can say
// exactly; the Avro library refuses such a `long` unless it is told how to read one, here as a BigInt.
const { Kafka, logLevel } = require("kafkajs");
const { SchemaRegistry, SchemaType } = require("@kafkajs/confluent-schema-registry");
const avro = require("avsc");

const long = avro.types.LongType.__with({
  fromBuffer: (bytes) => bytes.readBigInt64LE(),
  toBuffer: (number) => { const bytes = Buffer.alloc(8); bytes.writeBigInt64LE(number); return bytes; },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (number) => typeof number === "bigint",
  compare: (one, other) => (one < other ? -1 : one > other ? 1 : 0),
});

async function main(brokers, host, topic) {
  const registry = new SchemaRegistry({ host }, { [SchemaType.AVRO]: { registry: { long } } });
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.ERROR });
  const consumer = kafka.consumer({ groupId: `changes-js-${topic}` }); // reads committed records only, by default
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const key = await registry.decode(message.key);
      const value = message.value && await registry.decode(message.value); // null: a tombstone
      console.log(JSON.stringify({ key, value }, (_, one) => (typeof one === "bigint" ? String(one) : one)));
    },
  });
}

main(...process.argv.slice(2)).catch((error) => { console.error(error); process.exit(1); });
