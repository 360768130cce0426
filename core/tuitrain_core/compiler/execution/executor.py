"""The executor: runs a plan's actions, native calls in one go and Python work in between."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby
from typing import Protocol

import numpy as np

from ... import aligned
from ...native.runtime import step_loop
from ...native.runtime.call_layout import RUN
from ...ops.base import Array
from ..planning.call import MAX_THREADS, Action, Call, PythonWork
from ..planning.memory import address
from .call_table import CallTable, Team, build_table

_ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

# A native run releases the GIL, so that other Python threads and the pool's threads run beside it.
# A thread in a step waits at barriers for the others of its team, so there must be a pool thread
# for each of them, however many programs run at once. They are started when they are needed.
_pool = ThreadPoolExecutor(32 * MAX_THREADS, thread_name_prefix="tuitrain-team")


def never() -> bool:
    """Return False: there was no interrupt before the run."""
    return False


class _Part(Protocol):
    """Consecutive actions of a step, all native or all Python."""

    def start(self, steps_before: int) -> None: ...

    def run(self, steps: int) -> int: ...


class Executable:
    """The actions of a step, which can run any number of times.

    Parameters
    ----------
    actions : native calls and Python work, in order
    threads : how many share each native call, at most `MAX_THREADS`; the results have the same bits
        for any number. Only one where a waiting thread cannot yield its core.
    after_hold_point : actions that a held step skips
    hold_flag : the word that an action sets to hold the step, which ends the run there
    stop_flag : the word by which `interrupt` ends a run; shared by those that end together

    Attributes
    ----------
    is_native : whether all actions are native calls
    """

    def __init__(
        self,
        actions: Iterable[Action],
        threads: int = 1,
        after_hold_point: Iterable[Action] = (),
        hold_flag: Array | None = None,
        stop_flag: Array | None = None,
    ) -> None:
        self._stop_flag = np.zeros(1, np.int64) if stop_flag is None else stop_flag
        self._hold_flag = np.zeros(1, np.int64) if hold_flag is None else hold_flag
        threads = min(threads, MAX_THREADS) if step_loop.SCHED_YIELD else 1
        team = Team.of(threads, self._stop_flag)
        halves = list(actions), list(after_hold_point)
        before, after = map(_native_calls, halves)
        self.is_native = len(before) + len(after) == sum(map(len, halves))
        # Native halves share one table, whose loop reads the hold flag; others are run from Python.
        self._halves: list[list[_Part]]
        if self.is_native:
            self._halves = [[_NativePart(before, team, self._hold_flag, after)]]
        else:
            self._halves = [_split_parts(half, team, self._hold_flag) for half in halves]

    def run(
        self,
        steps: int = 1,
        steps_before: int = 0,
        is_interrupted: Callable[[], bool] = never,
    ) -> int:
        """Run the actions ``steps`` times.

        Parameters
        ----------
        steps_before : steps of the same run that other executables have taken. Strided pointers
            start after those. If `interrupt` was called before, only one step runs.
        is_interrupted : called at the start of the first executable of a run, from which on
            `interrupt` has an effect; if it is true, only one step runs

        Returns
        -------
        How many steps ran: fewer if `interrupt` was called, or if one was held.
        """
        if not steps_before:
            self._stop_flag[0] = 0
            if is_interrupted():  # after the flag is cleared, so that none is lost in between
                self._stop_flag[0] = 1
        self._hold_flag[0] = 0
        for part in chain(*self._halves):
            part.start(steps_before)
        if self.is_native:
            return self._halves[0][0].run(steps)
        for taken in range(steps):
            for half in self._halves:
                if self._hold_flag[0]:
                    return taken
                for part in half:
                    part.run(1)
            if self._stop_flag[0]:
                return taken + 1
        return steps

    @property
    def interrupted(self) -> bool:
        """Whether `interrupt` was called in the last run."""
        return bool(self._stop_flag[0])

    def interrupt(self) -> None:
        """End `run` after the current step; may be called from any thread."""
        self._stop_flag[0] = 1


def _native_calls(actions: Iterable[Action]) -> list[Call]:
    return [action for action in actions if isinstance(action, Call)]


def _split_parts(actions: Iterable[Action], team: Team, hold_flag: Array) -> list[_Part]:
    """Return actions as parts that are all native or all Python."""
    parts: list[_Part] = []
    for native, group in groupby(actions, lambda action: isinstance(action, Call)):
        part = list(group)
        if native:
            parts.append(_NativePart(_native_calls(part), team, hold_flag))
        else:
            parts.append(_PythonPart([work for work in part if not isinstance(work, Call)]))
    return parts


class _PythonPart:
    """Python work between native calls."""

    def __init__(self, work: Sequence[PythonWork]) -> None:
        self._work = work

    def start(self, steps_before: int) -> None:
        pass

    def run(self, steps: int) -> int:
        for _ in range(steps):
            for function in self._work:
                function()
        return steps


class _NativePart:
    """Native calls, as one table for each thread of a team.

    Parameters
    ----------
    after_hold_point : calls that a held step skips
    """

    def __init__(
        self,
        calls: Sequence[Call],
        team: Team,
        hold_flag: Array,
        after_hold_point: Sequence[Call] = (),
    ) -> None:
        self._calls = calls, after_hold_point  # keeps alive the arrays that kernels read and write
        self._hold_flag = hold_flag
        self._team = team
        self._steps_taken = aligned.zeros((team.size, 8), np.int64)
        self._tables = [
            build_table(calls, after_hold_point, thread, team) for thread in range(team.size)
        ]
        self._pointers = [pointer for table in self._tables for pointer in table.pointers]
        self._runs = [
            self._run_arguments(thread, table) for thread, table in enumerate(self._tables)
        ]
        self._steps = [run["steps"] for run in self._runs]
        self._addresses = [address(run) for run in self._runs]
        self._execute = _ENTRY(step_loop.run_steps().address)

    def _run_arguments(self, thread: int, table: CallTable) -> Array:
        """Return the arguments of `step_loop.run_steps` for a thread."""
        run = np.zeros(1, RUN)
        run["table"], run["rows"] = address(table.rows), len(table.rows)
        run["rows_before_hold_point"] = table.rows_before_hold_point
        run["stop_flag"] = address(self._team.seen_stop_flag)
        run["steps_taken"] = address(self._steps_taken[thread])
        run["hold_flag"] = address(self._hold_flag)
        return run

    def start(self, steps_before: int) -> None:
        """Set every strided pointer to its place after ``steps_before`` steps."""
        for arguments, index, pointer, stride in self._pointers:
            arguments[index] = pointer.start + steps_before * pointer.stride
            stride[0] = pointer.stride

    def run(self, steps: int) -> int:
        """Run the calls ``steps`` times, and return how many steps were not held."""
        for word in self._steps:
            word[0] = steps
        self._steps_taken[...] = 0
        if self._team.size > 1:
            self._team.seen_stop_flag[0] = 0
        others = [_pool.submit(self._execute, run) for run in self._addresses[1:]]
        self._execute(self._addresses[0])
        for other in others:
            other.result()
        return int(self._steps_taken[0, 0])
