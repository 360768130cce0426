"""The commands that change groups of parameters.

Each is an immutable value. A field with a value that is not allowed raises `CommandError` when the
command is made, so every command can be printed and read back.

``target`` is a group's name, or a glob (``*``, ``conv*``). It is matched against the groups' names
first; the commands that can act on single parameters (freeze, thaw) match it against the
parameters' names when no group matches.
"""

from __future__ import annotations

from typing import Literal

from . import checks
from .command import Command, Setting
from .usage import usage_error

UNITS = ("epochs", "steps")
SCHEDULES = ("linear", "cosine", "exponential", "milestones", "one-cycle")


class Freeze(Command, frozen=True, tag="freeze"):
    """Keep parameters and their optimizer state as they are, bit for bit."""

    target: str

    def __post_init__(self) -> None:
        checks.target("freeze", self.target)


class Thaw(Command, frozen=True, tag="thaw"):
    """Train frozen parameters again, with the optimizer state they had (keep) or none (reset)."""

    target: str
    state: Literal["keep", "reset"] = "keep"

    def __post_init__(self) -> None:
        checks.target("thaw", self.target)
        checks.one_of("thaw", "state", self.state, ("keep", "reset"))


class SetLr(Command, frozen=True, tag="lr"):
    """Give groups a constant learning rate."""

    target: str
    lr: float

    def __post_init__(self) -> None:
        checks.target("lr", self.target)
        self._take(lr=checks.non_negative("lr", "learning rate", self.lr))


class ScaleLr(Command, frozen=True, tag="scale-lr"):
    """Multiply the learning rate of groups; a schedule continues from the scaled value."""

    target: str
    factor: float

    def __post_init__(self) -> None:
        checks.target("lr", self.target)
        self._take(factor=checks.non_negative("lr", "factor", self.factor))


class AutoLr(Command, frozen=True, tag="auto-lr"):
    """Give the learning rate of groups back to the script, whose scheduler sets it again."""

    target: str

    def __post_init__(self) -> None:
        checks.target("lr", self.target)


class Decay(Command, frozen=True, tag="decay"):
    """Lower the lr linearly to zero, from its present value, over a number of epochs or steps."""

    target: str
    over: int
    unit: Literal["epochs", "steps"] = "epochs"

    def __post_init__(self) -> None:
        checks.target("decay", self.target)
        self._take(over=checks.count("decay", self.over))
        checks.one_of("decay", "unit", self.unit, UNITS)


class SetSchedule(Command, frozen=True, tag="schedule"):
    """Make the lr of groups follow a schedule, from its present value and the present step.

    Attributes
    ----------
    kind : ``linear`` and ``cosine`` go to ``value`` over ``over`` units; ``exponential`` multiplies
        by ``value`` each unit; ``milestones`` multiplies by ``value`` at each of ``at``;
        ``one-cycle`` goes up to ``value`` and down again over ``over`` units
    unit : what ``over`` and ``at`` count
    warmup : steps over which the schedule is faded in; 0 for none
    """

    target: str
    kind: Literal["linear", "cosine", "exponential", "milestones", "one-cycle"]
    value: float
    over: int = 1
    at: tuple[int, ...] = ()
    unit: Literal["epochs", "steps"] = "epochs"
    warmup: int = 0

    def __post_init__(self) -> None:
        checks.target("schedule", self.target)
        checks.one_of("schedule", "kind", self.kind, SCHEDULES)
        checks.one_of("schedule", "unit", self.unit, UNITS)
        scales = self.kind in ("exponential", "milestones")
        what = "factor" if scales else "learning rate"
        self._take(
            value=checks.non_negative("schedule", what, self.value),
            over=checks.count("schedule", self.over),
            at=self._milestones(),
            warmup=checks.count("schedule", self.warmup, 0, "warmup"),
        )
        if scales:
            checks.unused("schedule", self.kind, over=self.over != 1)

    def _milestones(self) -> tuple[int, ...]:
        if self.kind != "milestones":
            checks.unused("schedule", self.kind, at=self.at)
            return ()
        milestones = checks.several("schedule", "milestones", self.at)
        at = tuple(checks.count("schedule", step) for step in milestones)
        if list(at) != sorted(set(at)):
            text = ",".join(map(str, at))
            raise usage_error("schedule", f"takes milestones that ascend, but was given {text!r}")
        return at


class Clip(Command, frozen=True, tag="clip"):
    """Clip gradients before every update: their total norm, or each value; ``off`` ends it."""

    by: Literal["norm", "value", "off"]
    limit: float = 0.0

    def __post_init__(self) -> None:
        checks.one_of("clip", "kind", self.by, ("norm", "value", "off"))
        self._take(limit=checks.non_negative("clip", "limit", self.limit))
        if self.by == "off":
            checks.unused("clip", "off", limit=self.limit)
        elif not self.limit:
            raise usage_error("clip", "takes a limit above 0; `clip off` ends it")


class SwapOptimizer(Command, frozen=True, tag="optimizer"):
    """Give groups another optimizer, or other settings.

    Settings that are not named keep their value where the new optimizer has them, and otherwise
    take its defaults. ``state`` None takes the default for the pair of optimizers. ``ramp`` is the
    number of steps over which the lr rises from near 0 to its value; 0 sets it at once.
    """

    target: str
    name: str
    settings: dict[str, Setting] = {}
    state: Literal["carry", "reset"] | None = None
    ramp: int = 0

    def __post_init__(self) -> None:
        checks.target("optimizer", self.target)
        checks.word("optimizer", "the name of an optimizer,", self.name)
        if self.state is not None:
            checks.one_of("optimizer", "state", self.state, ("carry", "reset"))
        self._take(
            settings=checks.settings(self.settings),
            ramp=checks.count("optimizer", self.ramp, 0, "ramp"),
        )


class Regroup(Command, frozen=True, tag="group"):
    """Move the parameters that match any of the globs into a new or an existing group."""

    name: str
    patterns: tuple[str, ...]

    def __post_init__(self) -> None:
        checks.word("group", "a name", self.name)
        self._take(patterns=checks.several("group", "globs", self.patterns))
        for pattern in self.patterns:
            checks.target("group", pattern)
