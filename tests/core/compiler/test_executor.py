"""The executor runs native calls and Python work in order, over threads, until it is stopped."""

import numpy as np
import pytest

from tuitrain_core.compiler.execution.executor import Executable
from tuitrain_core.compiler.planning.call import (
    CHUNK_SAMPLES,
    MAX_THREADS,
    Call,
    ScratchRing,
    StridedPointer,
)
from tuitrain_core.compiler.planning.memory import address
from tuitrain_core.native.elementwise import arithmetic, movement


def add(target: np.ndarray, part) -> Call:
    """Plan ``target += part``, row by row."""
    features = target.shape[1]
    return Call(arithmetic.accumulate(features, features), (target, part), len(target))


@pytest.mark.parametrize("threads", [1, 2, 3, MAX_THREADS, MAX_THREADS + 1])
def test_calls_run_in_order_in_every_step(threads):
    a, b, c = (np.full((5, 3), value, np.float32) for value in (0.0, 0.0, 1.0))
    steps = Executable([add(b, c), add(a, b)], threads)
    assert steps.run(4) == 4
    assert (b == 4.0).all()
    assert (a == 1 + 2 + 3 + 4).all()


def test_python_work_runs_between_native_calls():
    a, b = np.zeros((2, 2), np.float32), np.ones((2, 2), np.float32)
    values = []
    steps = Executable([add(a, b), lambda: values.append(a[0, 0].item()), add(a, b)])
    assert steps.run(3) == 3
    assert values == [1.0, 3.0, 5.0]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_strided_pointer_starts_again_in_every_run(threads):
    rows = np.arange(12, dtype=np.float32).reshape(6, 2)
    total = np.zeros((1, 2), np.float32)
    pointer = StridedPointer(0)
    steps = Executable([add(total, pointer)], threads)
    for start in (0, 3):
        pointer.start, pointer.stride = address(rows[start:]), rows.strides[0]
        total[...] = 0.0
        steps.run(3)
        np.testing.assert_array_equal(total[0], rows[start : start + 3].sum(0))


@pytest.mark.parametrize("threads", [1, 2])
def test_an_executable_continues_after_the_steps_of_another(threads):
    rows = np.arange(12, dtype=np.float32).reshape(6, 2)
    total = np.zeros((1, 2), np.float32)
    pointer = StridedPointer(rows.strides[0], address(rows))
    first, second = (Executable([add(total, pointer)], threads) for _ in range(2))
    first.run(2)
    second.run(3, steps_before=2)
    np.testing.assert_array_equal(total[0], rows[:5].sum(0))


def test_executables_that_share_a_stop_flag_are_interrupted_together_until_the_next_run():
    a, b = np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32)
    stop = np.zeros(1, np.int64)
    first, second = (Executable([add(a, b)], stop_flag=stop) for _ in range(2))
    first.run(2)
    first.interrupt()
    assert second.interrupted
    assert second.run(5, steps_before=2) == 1
    assert first.run(5) == 5
    assert not second.interrupted


@pytest.mark.parametrize(
    "rows", [1, CHUNK_SAMPLES - 1, CHUNK_SAMPLES, CHUNK_SAMPLES + 1, 5 * CHUNK_SAMPLES + 3]
)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_samples_pass_through_a_ring_chunk_by_chunk(rows, threads):
    source = np.random.default_rng(0).standard_normal((rows, 5)).astype(np.float32)
    result = np.zeros_like(source)
    ring = ScratchRing(np.full((MAX_THREADS, CHUNK_SAMPLES, 5), np.nan, np.float32))
    copy = movement.copy(5, 5, 5)
    calls = [
        Call(copy, (source, ring), rows, chunk=CHUNK_SAMPLES),
        Call(copy, (ring, result), rows, chunk=CHUNK_SAMPLES),
    ]
    Executable(calls, threads).run()
    np.testing.assert_array_equal(result, source)


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_ends_the_run_after_the_current_step(native, threads):
    a, b = np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)
    work = [] if native else [lambda: steps.interrupt() if a[0, 0] == 3.0 else None]
    steps = Executable([add(a, b), *work], threads)
    if not native:
        assert (steps.run(10), a[0, 0]) == (3, 3.0)
    assert steps.run(2) == 2


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_that_is_interrupted_at_its_start_has_one_step(native, threads):
    a, b = np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)
    steps = Executable([add(a, b), *([] if native else [lambda: None])], threads)
    assert steps.run(10, is_interrupted=lambda: True) == 1
    assert steps.interrupted
    # Another executable has begun that run, and has asked already.
    assert steps.run(3, steps_before=1, is_interrupted=lambda: False) == 1
    assert steps.run(3, is_interrupted=lambda: False) == 3


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_held_step_is_not_counted_and_not_finished(native, threads):
    # Copied to the hold flag in every step: the fourth float is not 0, and holds its step.
    signs = np.float32([0, 0, 0, 1, 0]).reshape(5, 1)
    held, sign = np.zeros(1, np.int64), StridedPointer(4, address(signs))
    hold = Call(movement.copy(1, 1, 1), (sign, held), 1)
    a, b, one = (np.full((5, 1), value, np.float32) for value in (0.0, 0.0, 1.0))
    work = [] if native else [lambda: None]
    steps = Executable([add(a, one), hold, *work], threads, [*work, add(b, one)], held)
    for _ in range(2):
        a[...], b[...] = 0.0, 0.0
        sign.start = address(signs)
        moved = steps.run(5) if native else sum(_run_one(steps, sign) for _ in range(5))
        assert (moved, a[0, 0], b[0, 0]) == ((3, 4.0, 3.0) if native else (4, 5.0, 4.0))


def _run_one(steps, sign) -> int:
    """Run one step, and advance the pointer by hand."""
    taken = steps.run(1)
    sign.start += sign.stride
    return taken
