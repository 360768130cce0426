"""Which alerts are delivered when: pauses once in an interval, ends and failures always."""

from dataclasses import replace

from tuitrain.run.alerts.alert import Alert
from tuitrain.run.alerts.alert_queue import AlertQueue

BREAK = Alert("break", "mnist", "mnist has paused", "break before step 9")
END = Alert("end", "mnist", "mnist has finished", "at step 20")


class Clock:
    """A clock that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def make(interval: float = 60.0) -> tuple[AlertQueue, Clock]:
    clock = Clock()
    return AlertQueue(interval, 3, clock), clock


def texts(queue: AlertQueue) -> list[str]:
    """Return the texts of the alerts that may be delivered now."""
    alerts = iter(queue.pop, None)
    return [alert.text for alert in alerts if alert is not None]


def test_a_run_tells_one_pause_in_an_interval_and_the_next_counts_the_others():
    queue, clock = make()
    assert queue.delay() is None
    assert queue.add(BREAK)
    assert queue.delay() == 0.0
    assert texts(queue) == ["break before step 9"]
    for second in range(1, 60):
        clock.now = 100.0 + second
        assert queue.add(replace(BREAK, text=f"break {second}"))
        assert texts(queue) == []
    assert queue.delay() == 1.0
    clock.now = 160.0
    assert texts(queue) == ["break 59; 58 earlier pauses were not sent"]
    assert queue.delay() is None
    clock.now = 300.0
    assert queue.add(BREAK)
    assert texts(queue) == ["break before step 9"]


def test_the_end_comes_at_once_behind_the_pause_that_waits():
    queue, _ = make()
    queue.add(BREAK)
    texts(queue)
    queue.add(replace(BREAK, text="break 2"))
    assert queue.add(END)
    assert queue.delay() == 0.0
    assert texts(queue) == ["break 2", "at step 20"]


def test_a_pause_that_is_over_is_not_sent_late_but_counted():
    queue, clock = make()
    queue.add(BREAK)
    texts(queue)
    is_paused = True
    queue.add(replace(BREAK, is_current=lambda: is_paused))
    is_paused = False
    clock.now = 160.0
    assert texts(queue) == []
    assert queue.delay() is None
    queue.add(END)
    assert texts(queue) == ["at step 20; 1 earlier pause was not sent"]


def test_runs_do_not_hold_back_the_pauses_of_each_other():
    queue, _ = make()
    queue.add(BREAK)
    queue.add(replace(BREAK, run="other", text="the other"))
    assert texts(queue) == ["break before step 9", "the other"]


def test_too_many_ends_are_left_out_and_pauses_wait_no_more_at_the_end_of_the_process():
    queue, _ = make()
    assert [queue.add(END) for _ in range(4)] == [True, True, True, False]
    texts(queue)
    queue.add(BREAK)
    texts(queue)
    queue.add(replace(BREAK, text="break 2"))
    assert texts(queue) == []
    queue.hurry()
    assert texts(queue) == ["break 2"]


def test_without_an_interval_every_pause_is_sent():
    queue, _ = make(0.0)
    for text in ("one", "two"):
        queue.add(replace(BREAK, text=text))
        assert texts(queue) == [text]
