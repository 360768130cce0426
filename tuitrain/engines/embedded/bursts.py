"""Bursts: many steps in one native call, with learning rates and corrections laid out before."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tuitrain_core import Parameter
from tuitrain_core.data import DataLoader
from tuitrain_core.optimizer import Optimizer, ParameterState
from tuitrain_core.program import Feed, ParameterUpdate, Program, recordable
from tuitrain_core.schedule import Constant

from .groups import Group, GroupTable
from .recording import Recording

BURST_SECONDS = 0.02
"""How long a burst shall last: what the screen may have to wait for a word, at the most."""

FIRST_BURST = 4
"""Steps in the first burst, of which nobody knows yet how long they take."""


@dataclass(slots=True)
class _Trained:
    """A parameter that the coming steps update, and the optimizer that does it."""

    parameter: Parameter
    optimizer: Optimizer
    state: ParameterState
    updates_before: int


class Bursts:
    """Takes steps natively, where all that they do has kernels.

    Parameters
    ----------
    parameters : every parameter, by name
    """

    def __init__(
        self,
        recording: Recording,
        loader: DataLoader,
        table: GroupTable,
        parameters: Mapping[str, Parameter],
    ) -> None:
        self._recording = recording
        self._loader = loader
        self._table = table
        self._parameters = parameters
        self._seconds_per_step = BURST_SECONDS / FIRST_BURST
        self._program: Program | None = None

    def take(self, step: int, most: int, frozen: Sequence[str]) -> list[float]:
        """Take steps from ``step`` on, about `BURST_SECONDS` long, and return their losses.

        None are taken, if a step cannot be recorded or an update has no kernel.
        """
        recorded = self._recording.program()
        if recorded is None:
            return []
        program, feed = recorded
        order, rows = self._batches(step, most)
        trained = self._trained(program, set(frozen))
        updates = self._updates(trained, step, len(order) // rows)
        if updates is None:
            return []
        began = time.perf_counter()
        self._program = program
        losses = program.burst(feed, order, rows, updates)
        self._seconds_per_step = max((time.perf_counter() - began) / len(losses), 1e-7)
        self._note(trained, (program, feed), rows, updates, len(losses))
        return losses.tolist()

    def interrupt(self) -> None:
        """End the burst that is under way at the next step boundary; from any thread."""
        program = self._program
        if program is not None:
            program.interrupt()

    def _batches(self, step: int, most: int) -> tuple[np.ndarray, int]:
        """Return the samples of the steps to come, and how many each takes: all of one size."""
        epoch, position = divmod(step, len(self._loader))
        order, size = self._loader.order(epoch), self._loader.batch_size
        left = order[position * size :]
        if len(left) < size:
            return left, len(left)
        wanted = min(most, max(1, int(BURST_SECONDS / self._seconds_per_step)))
        return left[: min(wanted, len(left) // size) * size], size

    def _trained(self, program: Program, frozen: set[str]) -> list[_Trained]:
        """List what the coming steps update, with the state that it has or is given now."""
        found = []
        for group in self._table:
            for name in group.members:
                parameter = self._parameters[name]
                if name not in frozen and program.reaches(parameter):
                    state = group.optimizer.state.setdefault(parameter, ParameterState())
                    found.append(_Trained(parameter, group.optimizer, state, state.step))
        return found

    def _updates(
        self, trained: Sequence[_Trained], step: int, steps: int
    ) -> list[ParameterUpdate] | None:
        """Lay out the updates of every step; None if one of them has no kernel."""
        groups = {id(group.optimizer): group for group in self._table}
        known: dict[tuple[int, int], np.ndarray] = {}
        updates = []
        for each in trained:
            group = groups[id(each.optimizer)]
            each.optimizer.check()
            first = _prepare(each, group, step, 1)
            if first is None or not recordable(first):
                _forget(trained)
                return None
            key = id(group), each.updates_before
            if key not in known:
                known[key] = _scalars(each, group, step, steps)
            updates.append(ParameterUpdate(each.parameter, first, known[key]))
        return updates

    def _note(
        self,
        trained: Sequence[_Trained],
        recorded: tuple[Program, Feed],
        rows: int,
        updates: Sequence[ParameterUpdate],
        taken: int,
    ) -> None:
        """Let the optimizers know what has been done in their stead."""
        program, feed = recorded
        statistics = program.statistics(feed, rows, updates)
        for group in self._table:
            group.optimizer.statistics = {}
        for each, measured in zip(trained, statistics, strict=True):
            each.state.step = each.updates_before + taken
            each.optimizer.statistics[each.parameter] = measured


def _prepare(each: _Trained, group: Group, step: int, ahead: int):
    """Prepare the update that is so many steps ahead."""
    group.set_lr(step + ahead - 1)
    each.state.step = each.updates_before + ahead
    try:
        return each.optimizer.prepare(
            each.parameter.numpy(), each.state, each.optimizer.param_groups[0]
        )
    except NotImplementedError:
        return None


def _scalars(each: _Trained, group: Group, step: int, steps: int) -> np.ndarray:
    """Return the scalars of every step as float32; one row, if they stay the same."""
    still = isinstance(group.schedule, Constant) and not each.optimizer.ages
    rows = [
        _prepare(each, group, step, ahead).scalars for ahead in range(1, 2 if still else steps + 1)
    ]
    return np.array(rows, np.float32)


def _forget(trained: Sequence[_Trained]) -> None:
    for each in trained:
        each.state.step = each.updates_before
