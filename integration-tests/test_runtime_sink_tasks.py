"""A sink with several tasks: they share the partitions of its topics, also when their number changes."""

from rest_lines import Lines, started


def test_tasks_share_the_partitions(runtime, kafka):
    rest, lines = started(runtime), Lines(runtime, kafka)
    spread = {"topic.creation.default.partitions": "4", "batch.size": "1"}
    rest.expect(201, "PUT", f"/connectors/{lines.name}/config", lines.source_config() | spread)
    rest.wait_state(lines.name, "RUNNING")
    lines.write(40)
    lines.wait_published()
    assert len({message.partition() for message in kafka.raw(lines.topic)}) > 1

    sink = {"connector.class": "FileStreamSink", "file": str(lines.out_path), "topics": lines.topic}
    for tasks in (2, 3, 1):
        config = sink | {"tasks.max": str(tasks)}
        rest.ok("PUT", f"/connectors/{lines.sink_name}/config", config)
        rest.wait_state(lines.sink_name, "RUNNING", ["RUNNING"] * tasks)
        lines.write(40)
        lines.wait_sunk()
        assert sorted(lines.sunk()) == sorted(lines.written), f"with {tasks} tasks"


def test_topics_by_an_expression(runtime, kafka):
    """Also those that come later."""
    rest, lines = started(runtime), Lines(runtime, kafka)
    sink = {"connector.class": "FileStreamSink", "file": str(lines.out_path), "topics.regex": rf"{runtime.name}\.li.*s"}
    rest.ok("PUT", f"/connectors/{lines.sink_name}/config", sink)
    rest.wait_state(lines.sink_name, "RUNNING")
    lines.create(rest)
    other = lines.source_config() | {"topic": f"{runtime.name}.other"}
    rest.ok("PUT", f"/connectors/{lines.name}-other/config", other)
    lines.write(20)
    lines.wait_sunk()
    assert sorted(lines.sunk()) == sorted(lines.written)
