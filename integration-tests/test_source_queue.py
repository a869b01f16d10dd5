"""What may be wrong with the source's message queue, and what the source says and does."""

from samples import create, row

# A request of type Insert (MsgBase with msg_type 400) that ends in the middle of its next field.
CORRUPT_INSERT = bytes.fromhex("0a03 089003 52ff01 0102".replace(" ", ""))
FOREIGN = b"{\"not\": \"Milvus\"}"


def one_row(lone, name):
    """A collection on a channel of its own whose first row is in the stream; returns both."""
    made = create(lone.server, name, shards=1)
    made.insert([row(1)])
    lone.wait_keys(name, [1])
    return made, lone.channel(name)


def test_corrupt_record__fails_and_names_it(lone, name):
    lone.start()
    _, channel = one_row(lone, name)
    offset = lone.write(channel, CORRUPT_INSERT)
    trace = lone.failure()
    assert channel in trace and str(offset) in trace, trace


def test_corrupt_record__becomes_a_dead_letter(lone, name):
    letters = f"{name}-letters"
    lone.kitestream.source(errors_tolerance="all", errors_deadletterqueue_topic_name=letters,
                           errors_deadletterqueue_topic_replication_factor="1",
                           errors_deadletterqueue_context_headers_enable="true")
    lone.start()
    made, channel = one_row(lone, name)
    offset = lone.write(channel, CORRUPT_INSERT)
    made.insert([row(2)])
    lone.wait_keys(name, [1, 2])
    lone.caught_up()
    lone.kitestream.stop()
    lone.kitestream.start()
    made.insert([row(3)])
    lone.wait_keys(name, [1, 2, 3])
    found = lone.kafka.raw(letters)
    assert [message.value() for message in found] == [CORRUPT_INSERT]
    headers = dict(found[0].headers())
    assert headers["__connect.errors.topic"] == channel.encode()
    assert headers["__connect.errors.offset"] == str(offset).encode()


def test_foreign_record__is_passed_over_and_logged(lone, name):
    lone.start()
    made, channel = one_row(lone, name)
    offset = lone.write(channel, FOREIGN)
    made.insert([row(2)])
    lone.wait_keys(name, [1, 2])
    lone.kitestream.wait_log(rf"passed over {channel} offset {offset}")


def test_record_of_milvus_2_6__fails_and_says_so(lone, name):
    lone.start()
    _, channel = one_row(lone, name)
    offset = lone.write(channel, b"whatever", {"_v": "1", "_t": "1"})
    trace = lone.failure()
    assert channel in trace and str(offset) in trace and "2.6" in trace, trace


def test_expired_position__says_what_was_wanted_and_what_there_is(lone, name):
    lone.start()
    made, channel = one_row(lone, name)
    lone.kitestream.stop()
    wanted = lone.committed(channel)["offset"]
    made.insert([row(2)])
    first = lone.expire(channel)
    assert first > wanted
    lone.kitestream.start()
    trace = lone.failure()
    for words in (channel, str(wanted), str(first), "retention"):
        assert words in trace, trace
    assert lone.keys(name) == [1]
