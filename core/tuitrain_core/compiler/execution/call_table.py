"""Call tables: what each thread runs in a step, as rows that a native loop reads.

The layout of a row is `native.runtime.call_layout.CALL_ROW`. A table has the thread's share of each
call, barriers between calls that need one, and at the end of the step the advance of its pointers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ... import aligned
from ...native.runtime import step_loop
from ...native.runtime.call_layout import CALL_ROW, POINTER_ROW
from ...native.runtime.library import Kernel
from ...ops.base import Array
from ..planning.call import Argument, Call, ScratchRing, StridedPointer
from ..planning.memory import address


class BoundPointer(NamedTuple):
    """A strided pointer among the arguments of a row.

    Attributes
    ----------
    arguments, place : the row's arguments, and the pointer's index among them
    stride : the word that `step_loop.add_strides` reads the pointer's stride from
    """

    arguments: Array
    place: int
    pointer: StridedPointer
    stride: Array


@dataclass(frozen=True, slots=True, eq=False)
class CallTable:
    """The calls of one thread in a step.

    Attributes
    ----------
    rows : of dtype `CALL_ROW`
    rows_before_hold_point : how many of them run before the step can be held
    pointers : the strided pointers among the arguments
    keep_alive : the arrays that the rows point to
    """

    rows: Array
    rows_before_hold_point: int
    pointers: Sequence[BoundPointer]
    keep_alive: Sequence[Array]


@dataclass(frozen=True, slots=True, eq=False)
class Team:
    """The memory that the threads of a run share.

    Attributes
    ----------
    size : the number of threads
    stop_flag : the word that ends a run after the current step
    seen_stop_flag : its copy, which the threads read. It is made at the end of a step, so that all
        of them read the same value. With one thread it is the flag itself.
    barrier : the memory in which threads meet
    """

    size: int
    stop_flag: Array
    seen_stop_flag: Array
    barrier: Array

    @classmethod
    def of(cls, size: int, stop_flag: Array) -> Team:
        """Return a team of threads."""
        seen = stop_flag if size == 1 else aligned.zeros((8,), np.int64)
        return cls(size, stop_flag, seen, aligned.zeros((16,), np.int64))


def build_table(
    before_hold_point: Sequence[Call], after_hold_point: Sequence[Call], thread: int, team: Team
) -> CallTable:
    """Build the table of one thread.

    Parameters
    ----------
    before_hold_point, after_hold_point : the calls of a step; a held step skips the latter
    thread : the index of the thread in its team
    """
    table = _TableBuilder(thread, team)
    table.add_calls(before_hold_point)
    table.add_barrier()
    rows_before_hold_point = len(table.rows)
    table.add_calls(after_hold_point)
    if after_hold_point:
        table.add_barrier()
    pointers = table.add_advance()
    if team.size > 1 and thread == 0:
        flags = [address(team.stop_flag), address(team.seen_stop_flag)]
        table.add_row(step_loop.copy_word(), flags)
    table.add_barrier()
    rows = np.array(table.rows, CALL_ROW)
    return CallTable(rows, rows_before_hold_point, pointers, table.arrays)


class _TableBuilder:
    """Collects the rows of one thread, and the arrays that they point to."""

    def __init__(self, thread: int, team: Team) -> None:
        self.rows: list[tuple[int, int]] = []
        self.arrays: list[Array] = [team.stop_flag, team.seen_stop_flag, team.barrier]
        self._thread = thread
        self._team = team
        self._pointers: list[tuple[Array, int, StridedPointer]] = []

    def add_row(self, kernel: Kernel, arguments: Sequence[int]) -> Array:
        """Add a row, and return its arguments in memory."""
        block = np.array(arguments, np.int64)
        self.arrays.append(block)
        self.rows.append((kernel.address, address(block)))
        return block

    def add_barrier(self) -> None:
        """Add a barrier if there are other threads."""
        if self._team.size > 1:
            arguments = [address(self._team.barrier), self._team.size, step_loop.SCHED_YIELD]
            self.add_row(step_loop.barrier(), arguments)

    def add_calls(self, calls: Iterable[Call]) -> None:
        """Add the thread's share of calls, with barriers between them."""
        for index, run in enumerate(_group_runs(calls)):
            if index and run[0].barrier_before:
                self.add_barrier()
            for call, work_range in _split_run(run, self._thread, self._team.size):
                self._add_call(call, work_range)

    def _add_call(self, call: Call, work_range: list[int]) -> None:
        first = work_range[0] if work_range else 0
        numbers = [_to_integer(argument, self._thread, first) for argument in call.arguments]
        block = self.add_row(call.kernel, [*numbers, *work_range])
        self._pointers += [
            (block, index, argument)
            for index, argument in enumerate(call.arguments)
            if isinstance(argument, StridedPointer)
        ]

    def add_advance(self) -> list[BoundPointer]:
        """Add the advance of all strided pointers by their strides, and return them."""
        if not self._pointers:
            return []
        moves = np.zeros(len(self._pointers), POINTER_ROW)
        words, strides = moves["word"], moves["stride"]
        bound = []
        for row, (block, index, pointer) in enumerate(self._pointers):
            words[row] = address(block[index:])
            bound.append(BoundPointer(block, index, pointer, strides[row : row + 1]))
        self.arrays.append(moves)
        self.add_row(step_loop.add_strides(), [address(moves), len(moves)])
        return bound


def _group_runs(calls: Iterable[Call]) -> list[list[Call]]:
    """Return calls in runs that process one chunk after another; see `Call.chunk`."""
    runs: list[list[Call]] = []
    for call in calls:
        if runs and _continues_run(call, runs[-1][0]):
            runs[-1].append(call)
        else:
            runs.append([call])
    return runs


def _continues_run(call: Call, first: Call) -> bool:
    return call.chunk is not None and (call.chunk, call.total) == (first.chunk, first.total)


def _split_run(run: Sequence[Call], thread: int, threads: int) -> Iterator[tuple[Call, list[int]]]:
    """Yield the calls of a run that a thread makes, each with its range of work."""
    share = _share_of_work(run[0], thread, threads)
    if share is None:
        return
    chunk = run[0].chunk
    if chunk is None:
        yield run[0], share
        return
    first, last = share
    for start in range(first, last, chunk):
        for call in run:
            yield call, [start, min(start + chunk, last)]


def _share_of_work(call: Call, thread: int, threads: int) -> list[int] | None:
    """Return a thread's range of a call's work: [] for all of it, None for nothing."""
    if call.total is None:
        return [] if thread == 0 else None
    granules = -(-call.total // call.granule)
    place, count = call.share
    bounds = (granules * count * part // threads for part in (thread, thread + 1))
    inside = (min(max(bound - granules * place, 0), granules) for bound in bounds)
    first, last = (min(bound * call.granule, call.total) for bound in inside)
    return [first, last] if first < last else None


def _to_integer(argument: Argument, thread: int, first: int) -> int:
    """Return an argument as an integer; a ring's address is that of unit 0 of the chunk.

    ``first`` is the first unit of the chunk, which the ring's memory starts with.
    """
    if isinstance(argument, StridedPointer):
        return argument.start
    if isinstance(argument, ScratchRing):
        return address(argument.array[thread]) - first * argument.array[0, 0].nbytes
    return argument if isinstance(argument, int) else address(argument)
