"""The role of an engine whose parameter groups are steered between steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from tuitrain.commands import AnyCommand

from .views import GroupView, OptimizerChoice


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command did.

    Attributes
    ----------
    changed : False if the command was valid but everything already was as it asks
    message : one sentence that says what is so now
    """

    changed: bool
    message: str


class Steerable(Protocol):
    """Applies commands to its parameter groups."""

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
        For each group that there would be, |Δw|/|w| of the next update: as things are, and after
        the command. NaN for a group that is not there, or that is not updated.

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
        """Say which modules with buffers keep the bytes of these while some parameters are frozen.

        Running statistics of norm layers are such buffers. Needs `Capability.PYTHON_EXPORT`.

        Parameters
        ----------
        frozen : names of the frozen parameters; a tied one by its first name
        """
        ...
