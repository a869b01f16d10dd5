import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A Java producer, with whatever partitioner it has by default, writes the keys of a topic into another one with as many
 * partitions. Arguments: brokers, then pairs of a topic and another. Prints for each pair how many keys it wrote, in how many
 * partitions, and how many of them came into another partition than the one that they were read from.
 */
public final class Partitions {
    private static final Duration POLL = Duration.ofSeconds(1);

    private static List<ConsumerRecord<byte[], byte[]>> records(String brokers, String topic) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", brokers);
        config.put("isolation.level", "read_committed");
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer =
                 new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> parts = new ArrayList<>();
            consumer.partitionsFor(topic).forEach(part -> parts.add(new TopicPartition(topic, part.partition())));
            Map<TopicPartition, Long> ends = consumer.endOffsets(parts);
            consumer.assign(parts);
            consumer.seekToBeginning(parts);
            while (parts.stream().anyMatch(part -> consumer.position(part) < ends.get(part))) {
                consumer.poll(POLL).forEach(found::add);
            }
        }
        return found;
    }

    private static void compare(String brokers, String topic, String other) throws Exception {
        List<ConsumerRecord<byte[], byte[]>> records = records(brokers, topic);
        List<Future<RecordMetadata>> written = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                 Map.of("bootstrap.servers", brokers), new ByteArraySerializer(), new ByteArraySerializer())) {
            records.forEach(record -> written.add(producer.send(new ProducerRecord<>(other, record.key(), null))));
        }
        int elsewhere = 0;
        Set<Integer> partitions = new HashSet<>();
        for (int at = 0; at < written.size(); at++) {
            int partition = written.get(at).get().partition();
            elsewhere += partition == records.get(at).partition() ? 0 : 1;
            partitions.add(partition);
        }
        System.out.println("{\"written\": " + written.size() + ", \"partitions\": " + partitions.size()
            + ", \"elsewhere\": " + elsewhere + "}");
    }

    public static void main(String[] args) throws Exception {
        for (int at = 1; at < args.length; at += 2) {
            compare(args[0], args[at], args[at + 1]);
        }
    }
}
