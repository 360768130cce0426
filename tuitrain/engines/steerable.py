"""The role of an engine whose parameter groups can be steered between steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from tuitrain.commands import AnyCommand

from .views import GroupView, OptimizerChoice


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command.

    Attributes
    ----------
    changed : False if the command was valid but had no effect
    message : one sentence about the present state
    """

    changed: bool
    message: str


class Steerable(Protocol):
    """Applies commands to its parameter groups."""

    @property
    def is_steerable(self) -> bool:
        """Whether commands can be applied at the present boundary.

        In a loop of several processes, they can where all processes have met.
        """
        ...

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups, wholly or not at all.

        Raises
        ------
        RefusedError : it cannot be applied, or the engine has no such command; the message names
            the group or parameter
        """
        ...

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Compute the size of the next update after a command; nothing is changed.

        Needs `Capability.PREVIEW`.

        Returns
        -------
        For each group before or after the command, |Δw|/|w| of the next update, without and with
        the command. NaN where the group does not exist or is not updated.

        Raises
        ------
        RefusedError : the command cannot be applied
        """
        ...

    def groups(self) -> tuple[GroupView, ...]:
        """Describe the groups, in order."""
        ...

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        ...

    def optimizer_choices(self) -> tuple[OptimizerChoice, ...]:
        """List the optimizers that a group can be given."""
        ...

    def held_modules(self, frozen: Collection[str]) -> Mapping[str, bool]:
        """Return which modules keep the bytes of their buffers while some parameters are frozen.

        Running statistics of norm layers are such buffers. Needs `Capability.PYTHON_EXPORT`.

        Parameters
        ----------
        frozen : names of the frozen parameters; a tied one by its first name
        """
        ...
