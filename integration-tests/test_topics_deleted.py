"""An operator deletes the data topic of a collection that was dropped, and its name is used again: readers that are at work,
readers that stood still, and readers from the start all get the rows of the new collection, and each once.
"""

import wait
from example_consumer import ExampleConsumer
from samples import create, row

ROWS = 300


def _delete_topic(kafka, topic):
    for done in kafka.admin.delete_topics([topic]).values():
        done.result()
    wait.until(lambda: topic not in kafka.topics(topic), 30, f"{topic} is gone")


def _fill(source, name, first, rows=ROWS):
    made = create(source, name, loaded=True)
    made.insert([row(key) for key in range(first, first + rows)])
    return made


def test_topic_deleted_between_two_collections(pipeline, kitestream, source, target, kafka, parts, folder, name):
    topic = f"{name}.default.{name}"
    old = _fill(source, name, 0)
    pipeline.same_rows(name)
    old.drop()
    pipeline.ddl_arrives(lambda: not target.has(name), "the drop in the target")
    _delete_topic(kafka, topic)
    _fill(source, name, ROWS, rows=10)  # fewer than the old topic had
    pipeline.same_rows(name)           # by the sink that was there all the time
    assert target.count(name) == 10
    assert [one.removeprefix(f"{topic}.").isdigit() for one in kafka.topics(topic)] == [True]
    kitestream.wait_log("was deleted: it counts as read to its end")
    kitestream.wait_for(lambda: not kitestream.task_status(kafka, "sink").get("waiting"), 30, "a sink that waits no longer")
    kitestream.stop()
    kitestream.sink("second", collection_mapping=f"default.{name}:default.{name}_copy")
    kitestream.start()
    pipeline.same_rows(name, target_name=f"{name}_copy")  # by one that reads from the start
    reader = ExampleConsumer(folder, parts.env["KAFKA_BOOTSTRAP"], kitestream.rest, name)
    reader.start()
    try:
        wait.until(lambda: set(reader.rows(name)) == set(range(ROWS, ROWS + 10)), 60, "the example has the rows")
    finally:
        reader.kill()


def test_topic_deleted_while_the_pipeline_is_down(pipeline, kitestream, source, target, kafka, name):
    """And more rows are written into the new collection than the old topic had."""
    topic = f"{name}.default.{name}"
    old = _fill(source, name, 0, rows=100)
    pipeline.same_rows(name)
    kitestream.stop()
    old.drop()
    _delete_topic(kafka, topic)
    _fill(source, name, 100)
    kitestream.start()
    pipeline.same_rows(name)
    assert target.count(name) == ROWS
