"""The number of threads and steps of a burst: measured, and limited by the user."""

import numpy as np
import pytest

from tuitrain.engines.embedded.autotuner import (
    BURST_SECONDS,
    FIRST_BURST,
    FIRST_RETRY,
    MAX_RETRY_FASTER,
    MAX_RETRY_SLOWER,
    TRIAL_BURST_SECONDS,
    WARM_UP_BURSTS,
    Autotuner,
)
from tuitrain.engines.limits import max_threads
from tuitrain.errors import RefusedError


@pytest.mark.parametrize("value", ["0", "9", "-1", "two", "1.5"])
def test_an_invalid_number_of_threads_is_an_error(monkeypatch, value):
    monkeypatch.setenv("TUITRAIN_THREADS", value)
    with pytest.raises(RefusedError, match=f"from 1 to 8, but is {value!r}"):
        max_threads()


def test_the_variable_limits_the_threads(monkeypatch):
    monkeypatch.setenv("TUITRAIN_THREADS", "3")
    assert max_threads() == 3


def test_a_second_thread_is_used_where_it_is_faster_and_retried_where_not():
    for together, best in ((0.5, 2), (0.99, 1), (2.0, 1)):
        autotuner, chosen = Autotuner(2), []
        assert autotuner.steps == FIRST_BURST
        for _ in range(2 * MAX_RETRY_FASTER):
            chosen.append(autotuner.threads)
            autotuner.record_burst(
                autotuner.threads, 10, 10e-3 * (together if autotuner.threads == 2 else 1.0)
            )
        assert chosen[:4] == [1, 1, 2, 2]
        looks = [place for place, item in enumerate(chosen) if item != best][2:]
        again = MAX_RETRY_FASTER if best == 2 else MAX_RETRY_SLOWER
        pauses = np.diff(looks) - 1
        assert looks[0] == 4 + FIRST_RETRY
        assert list(pauses) == [
            min(FIRST_RETRY << place + 1, again) for place in range(len(pauses))
        ]
        assert pauses[-1] >= min(again, MAX_RETRY_FASTER // 2)
        assert autotuner.steps == int(BURST_SECONDS / (1e-3 * min(together, 1.0)))


def run_bursts(autotuner: Autotuner, bursts: int, together: float) -> list[int]:
    """Take bursts; on two threads they take ``together`` times as long as on one."""
    chosen = []
    for _ in range(bursts):
        chosen.append(autotuner.threads)
        steps = autotuner.steps
        seconds = steps * 1e-3 * (together if chosen[-1] == 2 else 1.0)
        autotuner.record_burst(chosen[-1], steps, seconds)
    return chosen


def test_cold_measurements_are_soon_repeated():
    autotuner = Autotuner(2)
    for place in range(WARM_UP_BURSTS):
        assert autotuner.threads == 1
        autotuner.record_burst(1, 4, 4e-3 * (9 - place))
    assert (
        1 in run_bursts(autotuner, WARM_UP_BURSTS + FIRST_RETRY + 1, together=2.0)[WARM_UP_BURSTS:]
    )
    assert autotuner.best_threads == 1
    assert autotuner.steps == int(BURST_SECONDS / 1e-3)


def test_the_first_measurement_of_a_kind_is_discarded():
    autotuner = Autotuner(1)
    autotuner.record_burst(1, 4, 1.0)
    autotuner.record_burst(1, 4, 4e-3)
    assert autotuner.steps == int(BURST_SECONDS / 1e-3)
    assert run_bursts(autotuner, 3 * MAX_RETRY_SLOWER, together=1.0) == [1] * 3 * MAX_RETRY_SLOWER


def test_after_a_change_both_choices_are_measured_again():
    autotuner = Autotuner(2)
    run_bursts(autotuner, 4 * MAX_RETRY_FASTER, together=0.5)
    autotuner.invalidate()
    assert run_bursts(autotuner, FIRST_RETRY + 1, together=1.2) == [2] * FIRST_RETRY + [1]


def test_trial_bursts_are_shorter():
    autotuner = Autotuner(2)
    run_bursts(autotuner, 2 * WARM_UP_BURSTS, together=2.0)
    lengths = []
    for _ in range(FIRST_RETRY + 1):
        lengths.append((autotuner.threads, autotuner.steps))
        run_bursts(autotuner, 1, together=2.0)
    whole, short = int(BURST_SECONDS / 1e-3), int(TRIAL_BURST_SECONDS / 1e-3)
    assert lengths == [(1, whole)] * FIRST_RETRY + [(2, short)]


def test_one_slow_burst_keeps_the_threads_but_an_occupied_core_does_not():
    autotuner = Autotuner(2)
    run_bursts(autotuner, 40, together=0.7)
    assert autotuner.threads == 2
    run_bursts(autotuner, 1, together=1.6)
    assert autotuner.threads == 2
    assert run_bursts(autotuner, 6, together=1.6)[-1] == 1
    assert 2 in run_bursts(autotuner, MAX_RETRY_SLOWER + 1, together=0.7)
    assert run_bursts(autotuner, 2 * MAX_RETRY_SLOWER, together=0.7)[-1] == 2


@pytest.mark.parametrize(("threads", "per_step"), [(1, 0.3e-3), (2, 3e-3)])
def test_a_step_of_few_samples_or_beside_a_look_changes_no_choice(threads, per_step):
    autotuner = Autotuner(2)
    run_bursts(autotuner, 3 * MAX_RETRY_FASTER, together=0.6)
    while autotuner.threads != threads:
        run_bursts(autotuner, 1, together=0.6)
    autotuner.record_burst(threads, 1, per_step)
    assert autotuner.best_threads == 2


def test_a_choice_that_has_changed_is_soon_doubted():
    autotuner = Autotuner(2)
    run_bursts(autotuner, 3 * MAX_RETRY_FASTER, together=0.6)
    while autotuner.best_threads == 2:
        run_bursts(autotuner, 1, together=4.0)
    assert run_bursts(autotuner, FIRST_RETRY + 2, together=0.6) == [1] * FIRST_RETRY + [2, 2]


def test_a_trial_has_as_many_bursts_as_it_needs():
    autotuner = Autotuner(2)
    run_bursts(autotuner, 2 * WARM_UP_BURSTS, together=2.0)
    while autotuner.threads == 1:
        run_bursts(autotuner, 1, together=2.0)
    trial = autotuner.steps
    for _ in range(trial // 2):
        assert autotuner.threads == 2
        autotuner.record_burst(2, 1, 2e-3)
    assert autotuner.threads == 1
