"""The updates of steps to come: learning rates and corrections, laid out before they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tuitrain_core import Parameter
from tuitrain_core.optimizer import ParameterState, PreparedUpdate, UpdateStatistics
from tuitrain_core.program import ParameterUpdate, Program, recordable
from tuitrain_core.schedule import Constant

from ..base import Array
from .groups import Group, GroupTable


@dataclass(slots=True)
class _Trained:
    """A parameter that the coming steps update."""

    parameter: Parameter
    group: Group
    state: ParameterState
    updates_before: int

    def prepared(self, step: int, ahead: int) -> PreparedUpdate:
        """Prepare the update of the step that is so many ahead."""
        self.group.set_lr(step + ahead - 1)
        self.state.step = self.updates_before + ahead
        optimizer = self.group.optimizer
        return optimizer.prepare(self.parameter.numpy(), self.state, optimizer.param_groups[0])

    @property
    def steady(self) -> bool:
        """Whether its update has the same scalars in every step."""
        return isinstance(self.group.schedule, Constant) and not self.group.optimizer.ages


class _Measured(Mapping[Parameter, UpdateStatistics]):
    """What the last updates did, worked out when somebody asks: 10 µs for each parameter."""

    def __init__(self, program: Program, parameters: Sequence[Parameter]) -> None:
        self._program = program
        self._known: dict[Parameter, UpdateStatistics | None] = dict.fromkeys(parameters)

    def __getitem__(self, parameter: Parameter) -> UpdateStatistics:
        found = self._known[parameter]
        if found is None:
            found = self._known[parameter] = self._program.statistics(parameter)
        return found

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class ComingUpdates:
    """What the optimizers would do in the next steps, for a program to do in their stead.

    It serves until a command or another state changes groups, optimizers, or what is trained: what
    stays the same from burst to burst is laid out once, which a hundred groups take 4 ms for.

    Parameters
    ----------
    program : decides which parameters have a gradient
    trained : the names of the parameters that are not frozen
    """

    def __init__(
        self,
        program: Program,
        table: GroupTable,
        parameters: Mapping[str, Parameter],
        trained: Sequence[str],
    ) -> None:
        self.program = program
        self._table = table
        self._steady: list[ParameterUpdate] | None = None
        wanted = set(trained)
        self._trained = [
            _trained(parameters[name], group)
            for group in table
            for name in group.members
            if name in wanted and program.reaches(parameters[name])
        ]

    def updates(self, step: int, steps: int) -> list[ParameterUpdate] | None:
        """Lay out the updates of ``steps`` steps from ``step`` on; None if one has no kernel.

        Raises
        ------
        CoreError : a hyper-parameter is not allowed
        """
        for each in self._trained:
            each.updates_before = each.state.step
        if self._steady is not None:
            return self._steady
        for group in self._table:
            group.optimizer.check()
        firsts = [each.prepared(step, 1) for each in self._trained]
        pairs = list(zip(self._trained, firsts, strict=True))
        if not all(recordable(each.parameter, first) for each, first in pairs):
            self.undone()
            return None
        known: dict[tuple[int, int], Array] = {}
        found = []
        for each, first in pairs:
            key = id(each.group), each.updates_before
            if key not in known:
                known[key] = _scalars(each, first, step, steps)
            found.append(ParameterUpdate(each.parameter, first, known[key]))
        if all(each.steady for each in self._trained):
            self._set_counts(0)
            self._steady = found
        return found

    def done(self, steps: int) -> None:
        """Let the optimizers know that so many steps were taken."""
        self._set_counts(steps)
        measured = _Measured(self.program, [each.parameter for each in self._trained])
        for group in self._table:
            group.optimizer.statistics = measured

    def undone(self) -> None:
        """Let the optimizers know that no step was taken."""
        self._set_counts(0)

    def _set_counts(self, steps: int) -> None:
        for each in self._trained:
            each.state.step = each.updates_before + steps


def _trained(parameter: Parameter, group: Group) -> _Trained:
    state = group.optimizer.state.setdefault(parameter, ParameterState())
    return _Trained(parameter, group, state, state.step)


def _scalars(each: _Trained, first: PreparedUpdate, step: int, steps: int) -> Array:
    """Return the scalars of every step as float32; one row, if they stay the same."""
    rows = [first.scalars]
    if not each.steady:
        rows += [each.prepared(step, ahead).scalars for ahead in range(2, steps + 1)]
    with np.errstate(over="ignore"):  # an lr beyond every float shows in the weights
        return np.array(rows, np.float32)
