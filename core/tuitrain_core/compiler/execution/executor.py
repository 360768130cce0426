"""The executor: carries out a plan, native calls in one go, Python work in between."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby

import numpy as np

from ... import aligned
from ...native.runtime import step_loop
from ...native.runtime.library import Kernel
from ...ops.base import Array
from ..planning.call import MAX_THREADS, Argument, Call, PythonWork, ScratchRing, StridedPointer
from ..planning.memory import address

_ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

# The GIL is let go while an entry runs: others may draw, and the team's threads run beside. Who is
# in a step waits for the others to come, so there must be a thread for each of them, however many
# programs run at once; they are made when they are needed.
_team = ThreadPoolExecutor(32 * MAX_THREADS, thread_name_prefix="tuitrain-team")


class Executable:
    """Actions that can be carried out, any number of times.

    Parameters
    ----------
    actions : native calls and Python work, in order
    threads : how many share each native call, `MOST_THREADS` at the most; the results are the same
        bits for any number. Where a thread has no way to let others go first, there is only one.
    later : what comes when the step is decided on
    held : a word by which actions decide: if one of them writes something to it, the step ends
        there, and with it the run
    stop : the word by which `interrupt` ends a run, for those that it shall end together

    Attributes
    ----------
    native : whether there is no Python work among them
    """

    def __init__(
        self,
        actions: Iterable[Call | PythonWork],
        threads: int = 1,
        after_hold_point: Iterable[Call | PythonWork] = (),
        hold_flag: Array | None = None,
        stop_flag: Array | None = None,
    ) -> None:
        self._stop = np.zeros(1, np.int64) if stop_flag is None else stop_flag
        self._held = np.zeros(1, np.int64) if hold_flag is None else hold_flag
        threads = min(threads, MAX_THREADS) if step_loop.SCHED_YIELD else 1
        first, second = list(actions), list(after_hold_point)
        calls, others = _calls(first), _calls(second)
        self.native = len(calls) + len(others) == len(first) + len(second)
        words = self._stop, self._held
        if self.native:
            self._parts = [[_Native(calls, threads, words, others)]]
        else:
            self._parts = [
                [
                    _Native(run, threads, words) if native else _Python(run)
                    for native, run in _runs(half)
                ]
                for half in (first, second)
            ]

    def run(self, steps: int = 1, steps_before: int = 0) -> int:
        """Carry everything out ``steps`` times.

        Parameters
        ----------
        before : how many steps others have taken of the same run: moving addresses start behind
            those, and if `interrupt` was called meanwhile, there is only one step

        Returns
        -------
        How many times it was: fewer, if `interrupt` was called meanwhile, or if one was held.
        """
        if not steps_before:
            self._stop[0] = 0
        self._held[0] = 0
        for part in chain(*self._parts):
            part.start(steps_before)
        if self.native:
            return self._parts[0][0].run(steps)
        for taken in range(steps):
            for half in self._parts:
                if self._held[0]:
                    return taken
                for part in half:
                    part.run(1)
            if self._stop[0]:
                return taken + 1
        return steps

    @property
    def interrupted(self) -> bool:
        """Whether `interrupt` was called in the last run."""
        return bool(self._stop[0])

    def interrupt(self) -> None:
        """End `run` after the present step; may be called from any thread."""
        self._stop[0] = 1


def _calls(actions: Iterable[Call | PythonWork]) -> list[Call]:
    return [each for each in actions if isinstance(each, Call)]


def _runs(actions: Iterable[Call | PythonWork]) -> list[tuple[bool, list]]:  # type: ignore[type-arg]
    grouped = groupby(actions, lambda each: isinstance(each, Call))
    return [(native, list(each)) for native, each in grouped]


class _Python:
    """Python work between native calls."""

    def __init__(self, work: Sequence[PythonWork]) -> None:
        self._work = work

    def start(self, before: int) -> None:
        pass

    def run(self, steps: int) -> int:
        for _ in range(steps):
            for each in self._work:
                each()
        return steps


class _Native:
    """Native calls, one after another, as one table for each thread.

    Parameters
    ----------
    words : the one that ends a run after the present step, and the one that holds a step
    later : calls that a held step is not to make
    """

    def __init__(
        self,
        calls: Sequence[Call],
        threads: int,
        words: tuple[Array, Array],
        later: Sequence[Call] = (),
    ) -> None:
        stop, held = words
        # Kernels read all of it.
        self._keep: list[Array | Sequence[Call]] = [calls, later, *words]
        self._moving: list[tuple[Array, int, StridedPointer, Array]] = []
        self._taken = aligned.zeros((threads, 8), np.int64)
        meeting = aligned.zeros((16,), np.int64)
        self._keep.append(meeting)
        seen = stop if threads == 1 else aligned.zeros((8,), np.int64)
        self._seen = seen
        self._entries = []
        for index in range(threads):
            rows, undecided = self._rows((calls, later), index, threads, meeting, (stop, seen))
            table = np.array(rows, np.int64).reshape(-1, 2)
            words_of_run = address(seen), address(self._taken[index]), undecided, address(held)
            block = np.array([address(table), len(table), 1, *words_of_run], np.int64)
            self._keep += [table]
            self._entries.append(block)
        self._execute = _ENTRY(step_loop.run_steps().address)

    def start(self, before: int) -> None:
        """Set every moving address to where it is after some steps, and how far it moves."""
        for block, place, moving, stride in self._moving:
            block[place] = moving.start + before * moving.stride
            stride[0] = moving.stride

    def run(self, steps: int) -> int:
        for block in self._entries:
            block[2] = steps
        self._taken[...] = 0
        if len(self._entries) > 1:
            self._seen[0] = 0
        others = [_team.submit(self._execute, address(each)) for each in self._entries[1:]]
        self._execute(address(self._entries[0]))
        for each in others:
            each.result()
        return int(self._taken[0, 0])

    def _rows(
        self,
        halves: Sequence[Sequence[Call]],
        index: int,
        threads: int,
        meeting: Array,
        stops: tuple[Array, Array],
    ) -> tuple[list[tuple[int, int]], int]:
        """Lay out what one thread does in a step, and say how much comes before the decision."""
        meet = (step_loop.barrier(), [address(meeting), threads, step_loop.SCHED_YIELD])
        rows: list[tuple[int, int]] = []
        moving: list[tuple[Array, int, StridedPointer]] = []
        undecided = 0
        for calls in halves:
            undecided = len(rows)
            for number, stage in enumerate(_stages(calls)):
                if threads > 1 and number and stage[0].barrier_before:
                    self._row(rows, *meet)
                for call, given in _parts(stage, index, threads):
                    start = given[0] if given else 0
                    numbers = [_number(each, index, start) for each in call.arguments]
                    block = self._row(rows, call.kernel, [*numbers, *given])
                    places = enumerate(call.arguments)
                    moving += [
                        (block, i, each) for i, each in places if isinstance(each, StridedPointer)
                    ]
            if threads > 1 and (calls or calls is halves[0]):
                self._row(rows, *meet)
        self._advance(rows, moving)
        if threads > 1:
            if index == 0:
                self._row(rows, step_loop.copy_word(), [address(each) for each in stops])
            self._row(rows, *meet)
        return rows, undecided

    def _advance(
        self, rows: list[tuple[int, int]], moving: Sequence[tuple[Array, int, StridedPointer]]
    ) -> None:
        """Let moving addresses move on at the end of a step."""
        if not moving:
            return
        moves = np.zeros((len(moving), 2), np.int64)
        for move, (block, place, each) in zip(moves, moving, strict=True):
            move[0] = address(block) + 8 * place
            self._moving.append((block, place, each, move[1:]))
        self._keep.append(moves)
        self._row(rows, step_loop.add_strides(), [address(moves), len(moves)])

    def _row(self, rows: list[tuple[int, int]], kernel: Kernel, given: Sequence[int]) -> Array:
        block = np.array(given, np.int64)
        self._keep.append(block)
        rows.append((kernel.address, address(block)))
        return block


def _stages(calls: Iterable[Call]) -> list[list[Call]]:
    """Return the calls in stages, between which threads meet: several together, or one."""
    stages: list[list[Call]] = []
    for call in calls:
        if stages and _goes_with(call, stages[-1][0]):
            stages[-1].append(call)
        else:
            stages.append([call])
    return stages


def _goes_with(call: Call, first: Call) -> bool:
    """Say whether a call belongs to the stage that another has begun."""
    return call.chunk is not None and (call.chunk, call.total) == (
        first.chunk,
        first.total,
    )


def _parts(stage: Sequence[Call], index: int, threads: int) -> Iterator[tuple[Call, list[int]]]:
    """Give what a thread does in a stage: calls, and the range of each."""
    given = _share(stage[0], index, threads)
    if given is None:
        return
    together = stage[0].chunk
    if together is None:
        yield stage[0], given
        return
    first, last = given
    for start in range(first, last, together):
        for call in stage:
            yield call, [start, min(start + together, last)]


def _number(argument: Argument, thread: int, first: int) -> int:
    """Return an argument as a number; a ring begins where its first unit would be the 0th."""
    if isinstance(argument, StridedPointer):
        return argument.start
    if isinstance(argument, ScratchRing):
        return address(argument.array[thread]) - first * argument.array[0, 0].nbytes
    return argument if isinstance(argument, int) else address(argument)


def _share(call: Call, index: int, threads: int) -> list[int] | None:
    """Return the range of a call's work that a thread does; None if it has no part in it."""
    if call.total is None:
        return [] if index == 0 else None
    granules = -(-call.total // call.granule)
    place, alike = call.share
    bounds = (granules * alike * part // threads for part in (index, index + 1))
    inside = (min(max(bound - granules * place, 0), granules) for bound in bounds)
    first, last = (min(bound * call.granule, call.total) for bound in inside)
    return [first, last] if first < last else None
