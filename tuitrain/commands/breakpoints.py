"""The conditions on which a run pauses, as commands."""

from __future__ import annotations

import math
from typing import Literal, cast

from . import checks
from .command import Command
from .usage import usage_error

_LIMITS = {
    "nan": ("limit", math.inf, ""),
    "loss": ("factor", math.inf, ""),
    "grad_norm": ("norm", math.inf, ""),
    "dead_units": ("share", 100.0, "a share below 100%, for more than that cannot be dead"),
    "accuracy": ("accuracy", math.nextafter(1.0, 2.0), "an accuracy from 0 to 1 (97% is 0.97)"),
}
"""For each condition: its limit's name, the exclusive upper bound, and the bound in words."""


class AddBreakpoint(Command, frozen=True, tag="break"):
    """Pause before an update is applied, when a condition holds.

    Attributes
    ----------
    on : ``nan``: the loss or a gradient is not finite; ``loss``: it is above ``limit`` times its
        average; ``grad_norm``: that of a group is above ``limit``; ``dead_units``: of a layer of a
        group, more than ``limit`` percent are 0 for the whole batch; ``accuracy``: it has reached
        ``limit``
    group : a group's name or a glob, for ``grad_norm`` and ``dead_units``
    """

    on: Literal["nan", "loss", "grad_norm", "dead_units", "accuracy"]
    limit: float = 0.0
    group: str = ""

    def __post_init__(self) -> None:
        checks.one_of("break", "condition", self.on, tuple(_LIMITS))
        what, bound, allowed = _LIMITS[self.on]
        self._take(limit=checks.not_negative("break", what, self.limit))
        if self.on == "nan":
            checks.unused("break", "nan", limit=self.limit)
        if not self.limit < bound:
            raise usage_error("break", f"takes {allowed}, but was given {self.limit:g}")
        if self.on in ("grad_norm", "dead_units"):
            checks.target("break", self.group)
        else:
            checks.unused("break", self.on, group=self.group)
            self._take(group="")


class RemoveBreakpoint(Command, frozen=True, tag="break-off"):
    """Remove a breakpoint, or with None all of them."""

    condition: AddBreakpoint | None = None

    def __post_init__(self) -> None:
        condition = cast(object, self.condition)  # Python code may pass any type
        if condition is not None and not isinstance(condition, AddBreakpoint):
            raise usage_error(
                "break", f"takes off a condition, but was given {checks.shown(condition)}"
            )
