"""Faults are counted, each logged once, and followed by ever later redraws."""

from __future__ import annotations

from tests.app.fake import FakeClock
from tuitrain.app.framework.faults import MAX_CHARACTERS, MAX_DELAY, MAX_KINDS, FaultLog


def raised(make) -> Exception:
    try:
        make()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def of_zero() -> Exception:
    return raised(lambda: 1 // 0)


def test_a_fault_is_logged_once_with_its_traceback_and_then_counted():
    faults = FaultLog(FakeClock())
    written = [faults.record(of_zero()) for _ in range(1000)]
    assert written[0].startswith("Traceback (most recent call last)")
    assert "1 // 0" in written[0]
    assert [item for item in written[1:] if item] == [
        f"{faults.latest} ({times} times)" for times in (10, 100, 1000)
    ]
    assert faults.latest.startswith("ZeroDivisionError: ")
    assert faults.total == 1000


def test_faults_at_two_places_are_logged_separately():
    faults = FaultLog(FakeClock())
    other = raised(lambda: {}["x"])
    assert all("Traceback" in faults.record(item) for item in (of_zero(), other))


def test_the_log_of_faults_is_bounded():
    faults = FaultLog(FakeClock())
    kinds = [type(f"E{number}", (Exception,), {})("x" * 100_000) for number in range(300)]
    written = [text for item in kinds if (text := faults.record(item))]
    assert max(map(len, written)) <= MAX_CHARACTERS
    assert len([item for item in written if "Traceback" in item or "E" in item]) <= MAX_KINDS + 4
    assert faults.total == 300


def test_the_first_fault_is_redrawn_at_once_and_repeated_ones_later():
    clock = FakeClock(100.0)
    faults = FaultLog(clock)
    rests = []
    for _ in range(12):
        rests.append(faults.next_delay())
        clock.now += rests[-1]
    assert rests[:4] == [0.0, 0.25, 0.5, 1.0]
    assert rests[-1] == MAX_DELAY
    clock.now += 10 * MAX_DELAY
    assert faults.next_delay() == 0.0
