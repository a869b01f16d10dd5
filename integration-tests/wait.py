"""Waiting for a condition, with a deadline and a message that says what was seen last."""

import time


def until(condition, deadline_s=60, what="condition", every_s=0.1):
    """The first true value of condition(). An AssertionError counts as not yet; others pass through."""
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            seen = condition()
            if seen:
                return seen
        except AssertionError as error:
            seen = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {deadline_s} s: {what}; last seen: {seen}")
        time.sleep(every_s)
