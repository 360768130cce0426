"""A call table has the rows that the native loop reads; see `native.runtime.call_layout`."""

import ctypes

import numpy as np
import pytest

from tuitrain_core.compiler.execution.call_table import Team, build_table
from tuitrain_core.compiler.planning.call import Call, StridedPointer
from tuitrain_core.compiler.planning.memory import address
from tuitrain_core.native.elementwise import movement
from tuitrain_core.native.runtime import step_loop
from tuitrain_core.native.runtime.call_layout import CALL_ROW, POINTER_ROW, RUN


def copy(source, target: np.ndarray) -> Call:
    """Plan to copy rows of two floats."""
    return Call(movement.copy(2, 2, 2), (source, target), len(target))


def words(at: int, count: int) -> list[int]:
    return list((ctypes.c_int64 * count).from_address(int(at)))


@pytest.mark.parametrize("thread", [0, 1])
def test_a_row_has_a_kernel_and_the_addresses_of_its_arguments_and_the_range_of_work(thread):
    source, target = np.ones((4, 2), np.float32), np.zeros((4, 2), np.float32)
    call = copy(source, target)
    table = build_table([call], [], thread, Team.of(2, np.zeros(1, np.int64)))
    assert table.rows.dtype == CALL_ROW
    kernels = [call.kernel.address, step_loop.barrier().address]
    assert table.rows["kernel"][:2].tolist() == kernels
    expected = [address(source), address(target), 2 * thread, 2 * thread + 2]
    assert words(table.rows["arguments"][0], 4) == expected
    assert table.rows_before_hold_point == 2


def test_the_last_row_adds_the_strides_of_all_pointers():
    target, pointer = np.zeros((1, 2), np.float32), StridedPointer(8, 4096)
    table = build_table([copy(pointer, target)], [], 0, Team.of(1, np.zeros(1, np.int64)))
    (bound,) = table.pointers
    assert bound.pointer is pointer
    row = table.rows[-1]
    assert row["kernel"] == step_loop.add_strides().address
    moves, count = words(row["arguments"], 2)
    assert count == 1
    assert words(moves, POINTER_ROW.itemsize // 8)[0] == address(bound.arguments[bound.place :])


@pytest.mark.parametrize(("held", "steps"), [(0, 3), (1, 0)])
def test_the_native_loop_reads_the_fields_of_a_run(held, steps):
    first, second = (np.zeros((1, 2), np.float32) for _ in range(2))
    calls = [copy(np.ones((1, 2), np.float32), target) for target in (first, second)]
    stop_flag, hold_flag = np.zeros(1, np.int64), np.full(1, held, np.int64)
    steps_taken = np.zeros(1, np.int64)
    table = build_table(calls[:1], calls[1:], 0, Team.of(1, stop_flag))
    run = np.zeros(1, RUN)
    run["table"], run["rows"], run["steps"] = address(table.rows), len(table.rows), 3
    run["rows_before_hold_point"] = table.rows_before_hold_point
    run["stop_flag"], run["hold_flag"] = address(stop_flag), address(hold_flag)
    run["steps_taken"] = address(steps_taken)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(step_loop.run_steps().address)(address(run))
    assert steps_taken[0] == steps
    assert (first == 1.0).all()
    assert (second == (0.0 if held else 1.0)).all()
