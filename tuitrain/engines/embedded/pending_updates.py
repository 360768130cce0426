"""The groups' updates in the coming steps, with the learning rates of their schedules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tuitrain_core import Parameter
from tuitrain_core.compiler import ParameterUpdate, PendingUpdate, Program, prepare_updates
from tuitrain_core.optimizer import UpdateStatistics

from .optimizers import CoreTable


class _Measured(Mapping[Parameter, UpdateStatistics]):
    """Statistics of the last updates, computed on access: 10 µs for each parameter."""

    def __init__(self, program: Program, parameters: Sequence[Parameter]) -> None:
        self._program = program
        self._known: dict[Parameter, UpdateStatistics | None] = dict.fromkeys(parameters)

    def __getitem__(self, parameter: Parameter) -> UpdateStatistics:
        result = self._known[parameter]
        if result is None:
            result = self._known[parameter] = self._program.statistics(parameter)
        return result

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class PendingUpdates:
    """The updates of the next steps, laid out for a program to apply instead of the optimizers.

    It is valid until a command or a loaded state changes groups, optimizers or trained parameters.
    The constant part is laid out once for all bursts: that takes 4 ms for a hundred groups.

    Parameters
    ----------
    program : decides which parameters have a gradient
    trained : the names of the parameters that are not frozen
    """

    def __init__(
        self,
        program: Program,
        table: CoreTable,
        parameters: Mapping[str, Parameter],
        trained: Sequence[str],
    ) -> None:
        self.program = program
        self._table = table
        self._steady: list[ParameterUpdate] | None = None
        wanted = set(trained)
        self._coming = [
            PendingUpdate(
                parameters[name], group.optimizer, group.optimizer.param_groups[0], group.schedule
            )
            for group in table
            for name in group.members
            if name in wanted and program.depends_on(parameters[name])
        ]

    def lay_out(self, step: int, steps: int) -> list[ParameterUpdate] | None:
        """Lay out the updates of ``steps`` steps from ``step`` on; None if one has no kernel.

        Raises
        ------
        CoreError : a hyper-parameter is not allowed
        """
        if self._steady is not None:
            for item in self._coming:
                item.updates_before = item.state.step
            return self._steady
        for group in self._table:
            group.optimizer.check()
        result = prepare_updates(self._coming, step, steps)
        if result is not None and all(item.is_constant for item in self._coming):
            self.cancel()
            self._steady = result
        return result

    def commit(self, steps: int) -> None:
        """Add the steps taken to the step counts of the optimizers' states."""
        self._count(steps)
        measured = _Measured(self.program, [item.parameter for item in self._coming])
        for group in self._table:
            group.optimizer.statistics = measured

    def cancel(self) -> None:
        """Restore the optimizers' step counts: no step was taken."""
        self._count(0)

    def _count(self, steps: int) -> None:
        for item in self._coming:
            item.set_taken(steps)
