"""Runs in the venv: waits until a server answers a genuine client, for at most the given seconds.

usage: probe.py kafka|milvus ADDRESS SECONDS [USER PASSWORD]
"""

import logging
import sys
import time


def kafka(address, user, password):
    from confluent_kafka.admin import AdminClient

    config = {"bootstrap.servers": address, "log_level": 0}
    if user:
        config |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN",
                   "sasl.username": user, "sasl.password": password}
    client = AdminClient(config)
    return lambda: bool(client.list_topics(timeout=2).brokers)


def milvus(address, user, password):
    from pymilvus import connections, utility

    logging.disable(logging.CRITICAL)
    host, port = address.split(":")

    def answers():
        try:
            connections.connect("probe", host=host, port=port, user=user, password=password, timeout=2)
            utility.list_collections(timeout=2, using="probe")
            return True
        finally:
            connections.disconnect("probe")

    return answers


def main():
    kind, address, seconds = sys.argv[1:4]
    user, password = (sys.argv[4:6] + ["", ""])[:2]
    answers = {"kafka": kafka, "milvus": milvus}[kind](address, user, password)
    deadline, last = time.monotonic() + float(seconds), None
    while time.monotonic() < deadline:
        try:
            if answers():
                return 0
        except Exception as error:  # whatever a client raises while the server is not ready
            last = error
        time.sleep(0.1)
    print(f"{kind} at {address} does not answer: {last}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
