"""Runs in the venv: waits until Kafka answers a genuine client, for at most the given seconds.

usage: probe_kafka.py ADDRESS SECONDS [USER PASSWORD]
"""

import sys
import time

from confluent_kafka.admin import AdminClient


def main():
    address, seconds, user, password = (sys.argv[1:] + ["", ""])[:4]
    config = {"bootstrap.servers": address, "log_level": 0}
    if user:
        config |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN",
                   "sasl.username": user, "sasl.password": password}
    client = AdminClient(config)
    deadline, last = time.monotonic() + float(seconds), None
    while time.monotonic() < deadline:
        try:
            if client.list_topics(timeout=2).brokers:
                return 0
        except Exception as error:  # whatever a client raises while the server is not ready
            last = error
        time.sleep(0.1)
    print(f"kafka at {address} does not answer: {last}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
