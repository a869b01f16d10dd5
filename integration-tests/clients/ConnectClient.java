import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.sourcelab.kafka.connect.apiclient.Configuration;
import org.sourcelab.kafka.connect.apiclient.KafkaConnectClient;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorPlugin;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorPluginConfigDefinition;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorStatus;
import org.sourcelab.kafka.connect.apiclient.request.dto.NewConnectorDefinition;
import org.sourcelab.kafka.connect.apiclient.request.post.PostConnectorRestart;

/** One connector from creation to deletion with the client library of AKHQ. Arguments: URL, name, file, topic. */
public final class ConnectClient {
    private static final String SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector";
    private static final long DEADLINE_MS = 30000;
    private final KafkaConnectClient client;
    private final String name;

    private ConnectClient(String url, String name) {
        this.client = new KafkaConnectClient(new Configuration(url));
        this.name = name;
    }

    /** Prints what the client made of the answer; anything but the wanted value ends the program with 1. */
    private static void step(String what, Object wanted, Callable<Object> call) throws Exception {
        Object got = call.call();
        System.out.println(what + ": " + got);
        if (wanted != null && !Objects.equals(wanted, got)) {
            throw new AssertionError(what + ": wanted " + wanted + ", got " + got);
        }
    }

    private void await(String state, int tasks) throws Exception {
        long deadline = System.currentTimeMillis() + DEADLINE_MS;
        String seen = "";
        while (System.currentTimeMillis() < deadline) {
            ConnectorStatus status = client.getConnectorStatus(name);
            boolean all = status.getTasks().stream().allMatch(task -> task.getState().equals(state));
            seen = status.getConnector().get("state") + " with " + status.getTasks().size() + " tasks";
            if (status.getConnector().get("state").equals(state) && status.getTasks().size() == tasks && all) {
                System.out.println("became " + seen);
                return;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("never " + state + ", last seen: " + seen);
    }

    /** What AKHQ does to draw its forms: the options of each class, in an order. */
    private void forms() throws Exception {
        Collection<ConnectorPlugin> plugins = client.getConnectorPlugins();
        for (ConnectorPlugin plugin : plugins) {
            ConnectorPluginConfigDefinition asked = ConnectorPluginConfigDefinition.newBuilder()
                .withName(plugin.getClassName()).withConfig("connector.class", plugin.getClassName())
                .withConfig("topics", "getPlugins").build();
            long ordered = client.validateConnectorPluginConfig(asked).getConfigs().stream()
                .filter(option -> option.getDefinition().getOrder() > 0).count();
            step("ordered options of " + plugin.getClassName(), true, () -> ordered > 10);
        }
    }

    private void life(Map<String, String> config) throws Exception {
        step("version", true, () -> client.getConnectServerVersion().getVersion().startsWith("4."));
        forms();
        step("create", name, () -> client.addConnector(
            NewConnectorDefinition.newBuilder().withName(name).withConfig(config).build()).getName());
        await("RUNNING", 1);
        step("list", true, () -> client.getConnectors().contains(name));
        step("expanded", true, () -> client.getConnectorsWithAllExpandedMetadata().toString().contains(name));
        step("type", "source", () -> client.getConnector(name).getType());
        step("config", config.get("topic"), () -> client.getConnectorConfig(name).get("topic"));
        step("tasks", 1, () -> client.getConnectorTasks(name).size());
        step("task", "RUNNING", () -> client.getConnectorTaskStatus(name, 0).getState());
        config.put("batch.size", "10");
        step("update", "10", () -> client.updateConnectorConfig(name, config).getConfig().get("batch.size"));
        await("RUNNING", 1);
        step("pause", true, () -> client.pauseConnector(name));
        await("PAUSED", 1);
        step("resume", true, () -> client.resumeConnector(name));
        await("RUNNING", 1);
        step("topics", null, () -> client.getConnectorTopics(name));
        step("reset topics", true, () -> client.resetConnectorTopics(name));
        step("restart", true, () -> client.restartConnector(name));
        step("restart all", true, () -> client.restartConnector(
            new PostConnectorRestart(name).withIncludeTasks(true).withOnlyFailed(false)));
        await("RUNNING", 1);
        step("restart task", true, () -> client.restartConnectorTask(name, 0));
        await("RUNNING", 1);
        step("stop", true, () -> client.stopConnector(name));
        await("STOPPED", 0);
        step("delete", true, () -> client.deleteConnector(name));
        step("list after", false, () -> client.getConnectors().contains(name));
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> config = new HashMap<>(
            Map.of("connector.class", SOURCE, "tasks.max", "1", "file", args[2], "topic", args[3]));
        new ConnectClient(args[0], args[1]).life(config);
    }
}
