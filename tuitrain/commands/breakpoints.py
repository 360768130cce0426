"""The conditions on which a run pauses, as commands."""

from __future__ import annotations

import math
from typing import Literal, cast

from tuitrain.metric_info import is_metric_name

from . import checks
from .command import Command
from .usage import usage_error

_LIMITS = {
    "nan": ("limit", math.inf, ""),
    "loss": ("factor", math.inf, ""),
    "grad_norm": ("norm", math.inf, ""),
    "dead_units": ("share", 100.0, "a share below 100%: no more than that can be dead"),
}
"""For each condition on steps: its limit's name, the exclusive upper bound, the bound in words."""


SIGNS = (">=", "<=", ">", "<")
"""How a condition compares a metric with its limit."""

_NO_LIMIT = float("nan")
"""The default limit, recognized by its identity."""


class AddBreakpoint(Command, frozen=True, tag="break"):
    """Pause before an update is applied, or after an evaluation, when a condition holds.

    Attributes
    ----------
    on : ``nan``: the loss or a gradient is not finite; ``loss``: it is above ``limit`` times its
        average; ``grad_norm``: that of a group is above ``limit``; ``dead_units``: of a layer of a
        group, more than ``limit`` percent are 0 for the whole batch; the name of a metric: it has
        reached ``limit``, or is above or below it
    group : a group's name or a glob, for ``grad_norm`` and ``dead_units``
    sign : one of `SIGNS`, for a metric
    """

    on: str
    limit: float = _NO_LIMIT
    group: str = ""
    sign: Literal[">=", "<=", ">", "<"] = ">="

    @property
    def is_on_metric(self) -> bool:
        """Whether the condition is on a metric of the test set, which is measured between steps."""
        return self.on not in _LIMITS

    def __post_init__(self) -> None:
        if not isinstance(cast(object, self.on), str) or self.on not in _LIMITS:
            self._check_metric()
            return
        if self.limit is _NO_LIMIT:
            self._take(limit=0.0)
        checks.one_of("break", f"sign with {self.on}", self.sign, (">=",))
        what, bound, allowed = _LIMITS[self.on]
        self._take(limit=checks.non_negative("break", what, self.limit))
        if self.on == "nan":
            checks.unused("break", "nan", limit=self.limit)
        if not self.limit < bound:
            raise usage_error("break", f"takes {allowed}, but was given {self.limit:g}")
        if self.on in ("grad_norm", "dead_units"):
            checks.target("break", self.group)
        else:
            checks.unused("break", self.on, group=self.group)
            self._take(group="")

    def _check_metric(self) -> None:
        """Check a condition on a metric; whether the run measures it is checked by the run."""
        is_metric = isinstance(cast(object, self.on), str) and is_metric_name(self.on)
        if not is_metric or self.limit is _NO_LIMIT:
            allowed = (*_LIMITS, "the name of a metric")
            checks.one_of("break", "condition", self.on, allowed)
        checks.one_of("break", "sign", self.sign, SIGNS)
        self._take(limit=checks.number("break", self.on, self.limit))
        checks.unused("break", self.on, group=self.group)
        self._take(group="")
        if self.on == "accuracy" and not 0 <= self.limit <= 1:
            allowed = "an accuracy from 0 to 1 (97% is 0.97)"
            raise usage_error("break", f"takes {allowed}, but was given {self.limit:g}")


class RemoveBreakpoint(Command, frozen=True, tag="break-off"):
    """Remove a breakpoint, or with None all of them."""

    condition: AddBreakpoint | None = None

    def __post_init__(self) -> None:
        condition = cast(object, self.condition)  # Python code may pass any type
        if condition is not None and not isinstance(condition, AddBreakpoint):
            raise usage_error(
                "break", f"takes off a condition, but was given {checks.shown(condition)}"
            )
