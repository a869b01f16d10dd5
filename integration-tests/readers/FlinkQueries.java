import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Runs the queries of SQL files in an embedded Flink, each file with tables and settings of its own, but all as one job: a
 * job's start costs more than a query. Arguments: the files. Prints each change of each result as a line of JSON:
 * file, number of the query in it, kind of change (+I, -U, +U, -D), and the row by its column names. Ends when all
 * scans have ended, which bounded ones do.
 */
public final class FlinkQueries {
    private static final Pattern SET = Pattern.compile("SET\\s+'([^']+)'\\s*=\\s*'([^']*)'");
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A change as text that says where it comes from. */
    private static final class Line implements MapFunction<Row, String> {
        private final String file;
        private final int query;

        Line(String file, int query) {
            this.file = file;
            this.query = query;
        }

        @Override
        public String map(Row change) throws Exception {
            Map<String, Object> row = new LinkedHashMap<>();
            for (String column : change.getFieldNames(true)) {
                row.put(column, change.getField(column));
            }
            return JSON.writeValueAsString(
                Map.of("file", file, "query", query, "kind", change.getKind().shortString(), "row", row));
        }
    }

    private static StreamExecutionEnvironment cluster() {
        Configuration config = new Configuration();
        config.setString("parallelism.default", "1");
        config.setString("taskmanager.memory.network.min", "32mb"); // must equal max in an embedded cluster
        config.setString("taskmanager.memory.network.max", "32mb");
        config.setString("taskmanager.memory.managed.size", "16mb");
        config.setString("restart-strategy.type", "none");
        return StreamExecutionEnvironment.getExecutionEnvironment(config);
    }

    private static List<DataStream<String>> results(StreamExecutionEnvironment cluster, Path file) throws Exception {
        StreamTableEnvironment tables = StreamTableEnvironment.create(cluster);
        List<DataStream<String>> found = new ArrayList<>();
        for (String text : Files.readString(file).replaceAll("(?m)^\\s*--.*$", "").split(";")) {
            String statement = text.strip();
            Matcher set = SET.matcher(statement);
            if (set.matches()) {
                tables.getConfig().set(set.group(1), set.group(2));
            } else if (statement.startsWith("SELECT")) {
                Line line = new Line(file.getFileName().toString(), found.size());
                found.add(tables.toChangelogStream(tables.sqlQuery(statement)).map(line));
            } else if (!statement.isEmpty()) {
                tables.executeSql(statement);
            }
        }
        return found;
    }

    private static void run(String[] files) throws Exception {
        StreamExecutionEnvironment cluster = cluster();
        DataStream<String> all = null;
        for (String file : files) {
            for (DataStream<String> one : results(cluster, Path.of(file))) {
                all = all == null ? one : all.union(one);
            }
        }
        try (CloseableIterator<String> lines = all.executeAndCollect()) {
            lines.forEachRemaining(System.out::println);
        }
    }

    public static void main(String[] args) {
        try {
            run(args);
            System.exit(0);
        } catch (Throwable error) { // else the embedded cluster would keep the process alive
            error.printStackTrace();
            System.exit(1);
        }
    }
}
