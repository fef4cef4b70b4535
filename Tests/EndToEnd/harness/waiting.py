"""Waiting without fixed sleeps: ask again until the answer is there or a deadline passes."""
import time


class Overdue(AssertionError):
    """What was waited for did not happen in time."""


def wait_until(question, seconds, what, every=0.01):
    """Asks `question` until its answer is true; returns that answer.

    An answer that is late is a failure that names `what` and the last answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise Overdue(f"not within {seconds} s: {what} (last answer: {answer!r})")
        time.sleep(every)
