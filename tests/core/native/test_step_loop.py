"""The kernels of the step loop: run a table, move addresses, meet other threads."""

from __future__ import annotations

import ctypes
import threading

import numpy as np

from tuitrain_core.native.elementwise import arithmetic
from tuitrain_core.native.runtime import step_loop
from tuitrain_core.native.runtime.library import argument_block

ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

NEVER = np.zeros(1, np.int64)
"""A word that holds no step."""


def run(kernel, *arguments) -> None:
    block = argument_block(*arguments)  # needs a name, to live until the kernel returns
    ENTRY(kernel.address)(block.ctypes.data)


def table(*rows) -> tuple[np.ndarray, list[np.ndarray]]:
    blocks = [argument_block(*arguments) for _, *arguments in rows]
    pairs = [(k.address, b.ctypes.data) for (k, *_), b in zip(rows, blocks, strict=True)]
    return np.array(pairs, np.int64), blocks


def test_a_table_is_run_once_per_step() -> None:
    a, b = np.zeros(5, np.float32), np.arange(5, dtype=np.float32)
    rows, _blocks = table((arithmetic.accumulate(5, 5), a, b, 0, 1))
    stop, done = np.zeros(1, np.int64), np.zeros(1, np.int64)
    run(step_loop.run_steps(), rows, 1, 7, stop, done, 1, NEVER)
    np.testing.assert_array_equal(a, 7 * b)
    assert done[0] == 7


def test_a_stop_ends_the_run_after_the_current_step() -> None:
    a, b = np.zeros(1, np.float32), np.ones(1, np.float32)
    stop, done = np.ones(1, np.int64), np.zeros(1, np.int64)
    rows, _blocks = table((arithmetic.accumulate(1, 1), a, b, 0, 1))
    run(step_loop.run_steps(), rows, 1, 7, stop, done, 1, NEVER)
    assert (a[0], done[0]) == (1.0, 1)


def test_a_copied_word_stops_the_run_from_inside() -> None:
    words = np.array([1, 0], np.int64)
    rows, _blocks = table((step_loop.copy_word(), words, words[1:]))
    done = np.zeros(1, np.int64)
    run(step_loop.run_steps(), rows, 1, 7, words[1:], done, 0, NEVER)
    assert done[0] == 1


def test_a_held_step_ends_the_run_and_is_not_counted() -> None:
    before, after, one = np.zeros(1, np.float32), np.zeros(1, np.float32), np.ones(1, np.float32)
    rows, _blocks = table(
        *((arithmetic.accumulate(1, 1), total, one, 0, 1) for total in (before, after))
    )
    stop, done, held = (np.zeros(1, np.int64) for _ in range(3))
    run(step_loop.run_steps(), rows, 2, 7, stop, done, 1, held)
    assert (before[0], after[0], done[0]) == (7.0, 7.0, 7)
    held[0] = 1
    run(step_loop.run_steps(), rows, 2, 7, stop, done, 1, held)
    assert (before[0], after[0], done[0]) == (8.0, 7.0, 7)


def test_strides_are_added_to_addresses() -> None:
    words = np.array([100, 200, 300], np.int64)
    moves = np.array([[words.ctypes.data, 8], [words.ctypes.data + 16, -4]], np.int64)
    run(step_loop.add_strides(), moves, 2)
    assert list(words) == [108, 200, 296]


def test_threads_meet_at_a_barrier() -> None:
    """Every thread adds up what the others wrote before the barrier, in every step."""
    threads, steps = 3, 200
    shared = np.zeros((threads, 16), np.float32)
    totals = np.zeros((threads, 16), np.float32)
    meeting, stop = np.zeros(16, np.int64), np.zeros(1, np.int64)
    one = np.ones(16, np.float32)
    meet = (step_loop.barrier(), meeting, threads, step_loop.SCHED_YIELD)
    keep, runners, done = [], [], np.zeros(threads, np.int64)
    for t in range(threads):
        gather = [
            (arithmetic.accumulate(16, 16), totals[t], shared[i], 0, 1) for i in range(threads)
        ]
        rows, blocks = table(
            (arithmetic.accumulate(16, 16), shared[t], one, 0, 1), meet, *gather, meet
        )
        arguments = argument_block(rows, len(rows), steps, stop, done[t:], t, NEVER)
        keep += [rows, blocks, arguments]
        entry = ENTRY(step_loop.run_steps().address)
        runners.append(threading.Thread(target=entry, args=(arguments.ctypes.data,)))
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    assert list(done) == [steps] * threads
    assert (totals == threads * steps * (steps + 1) / 2).all()
