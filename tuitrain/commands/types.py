"""The typed commands.

Each is an immutable value, and sound: whoever makes it, a value that it cannot have is a
`CommandError` at once. What can be read as text can be made here, and nothing else.

``target`` is a group's name, or a glob (``*``, ``conv*``). It is matched against the groups' names
first; the commands that can act on single parameters (freeze, thaw) match it against the
parameters' names when no group matches.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from . import checks, tokens
from .breakpoints import AddBreakpoint, RemoveBreakpoint
from .command import Command, Setting

UNITS = ("epochs", "steps")
SCHEDULES = ("linear", "cosine", "exponential", "milestones", "one-cycle")


class Pause(Command, frozen=True, tag="pause"):
    """Stand still at the next step boundary."""


class Resume(Command, frozen=True, tag="resume"):
    """Go on after a pause."""


class Step(Command, frozen=True, tag="step"):
    """Take ``count`` steps, then pause."""

    count: int = 1

    def __post_init__(self) -> None:
        self._take(count=checks.count("step", self.count))


class Stop(Command, frozen=True, tag="stop"):
    """End the run at the next step boundary."""


class Freeze(Command, frozen=True, tag="freeze"):
    """Leave parameters and their optimizer state as they are, bit for bit."""

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
        self._take(lr=checks.not_negative("lr", "learning rate", self.lr))


class ScaleLr(Command, frozen=True, tag="scale-lr"):
    """Multiply the learning rate of groups; a schedule goes on from the scaled value."""

    target: str
    factor: float

    def __post_init__(self) -> None:
        checks.target("lr", self.target)
        self._take(factor=checks.not_negative("lr", "factor", self.factor))


class Decay(Command, frozen=True, tag="decay"):
    """Let the lr fall linearly to zero, from its present value, over so many epochs or steps."""

    target: str
    over: int
    unit: Literal["epochs", "steps"] = "epochs"

    def __post_init__(self) -> None:
        checks.target("decay", self.target)
        self._take(over=checks.count("decay", self.over))
        checks.one_of("decay", "unit", self.unit, UNITS)


class SetSchedule(Command, frozen=True, tag="schedule"):
    """Let the lr of groups follow a schedule, from its present value and the present step.

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
            value=checks.not_negative("schedule", what, self.value),
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
        every = checks.several("schedule", "milestones", self.at)
        at = tuple(checks.count("schedule", each) for each in every)
        if list(at) != sorted(set(at)):
            given = ",".join(map(str, at))
            raise checks.usage_error(
                "schedule", f"takes milestones that ascend, but was given {given!r}"
            )
        return at


class Clip(Command, frozen=True, tag="clip"):
    """Clip gradients before every update: their total norm, or each value; ``off`` ends it."""

    by: Literal["norm", "value", "off"]
    limit: float = 0.0

    def __post_init__(self) -> None:
        checks.one_of("clip", "kind", self.by, ("norm", "value", "off"))
        self._take(limit=checks.not_negative("clip", "limit", self.limit))
        if self.by == "off":
            checks.unused("clip", "off", limit=self.limit)
        elif not self.limit:
            raise checks.usage_error("clip", "takes a limit above 0; `clip off` ends it")


class SwapOptimizer(Command, frozen=True, tag="optimizer"):
    """Give groups another optimizer, or other settings.

    Settings that are not named keep their value where the new optimizer has them, else take its
    defaults. ``state`` None takes the default of the pair of optimizers. ``ramp`` is over how many
    steps the lr rises from near 0 to its value; 0 for at once.
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
    """Move the parameters that match any of the globs into a group, made anew if need be."""

    name: str
    patterns: tuple[str, ...]

    def __post_init__(self) -> None:
        checks.word("group", "a name", self.name)
        self._take(patterns=checks.several("group", "globs", self.patterns))
        for pattern in self.patterns:
            checks.target("group", pattern)


class Rewind(Command, frozen=True, tag="rewind"):
    """Go back to the boundary before step ``step``; what followed is kept as a branch."""

    step: int

    def __post_init__(self) -> None:
        self._take(step=checks.count("rewind", self.step, 0))


class RewindToCheckpoint(Command, frozen=True, tag="rewind-to"):
    """Go back to exactly where a checkpoint was made; what followed is kept as a branch."""

    name: str

    def __post_init__(self) -> None:
        checks.checkpoint("rewind", self.name)


class Checkpoint(Command, frozen=True, tag="checkpoint"):
    """Keep all that decides the future under a name, which is one for a file, too."""

    name: str

    def __post_init__(self) -> None:
        checks.checkpoint("checkpoint", self.name)


class Undo(Command, frozen=True, tag="undo"):
    """Take back the last command, and train again up to the present step without it."""


class Redo(Command, frozen=True, tag="redo"):
    """Put back the command that the last undo took, and train up to the present step with it."""


class Branch(Command, frozen=True, tag="branch"):
    """Return to the end of a branch that was left."""

    name: str

    def __post_init__(self) -> None:
        checks.word("branch", "a branch's name", self.name)


class TryLr(Command, frozen=True, tag="try"):
    """Train some steps from here with each of several learning rates, and come back.

    Attributes
    ----------
    values : the candidates, as the ``lr`` command takes them: ``"0.01"`` sets, ``"x0.1"`` scales
    steps : how far each is tried; each is left as a branch
    """

    target: str
    values: tuple[str, ...]
    steps: int

    def __post_init__(self) -> None:
        checks.target("try", self.target)
        every = checks.several("try", "learning rates", self.values)
        self._take(
            values=tuple(tokens.candidate(each) for each in every),
            steps=checks.count("try", self.steps, what="steps"),
        )

    def candidates(self) -> tuple[SetLr | ScaleLr, ...]:
        """Return the command of each candidate."""
        return tuple(
            ScaleLr(self.target, float(each[1:]))
            if each.startswith("x")
            else SetLr(self.target, float(each))
            for each in self.values
        )


class Preview(Command, frozen=True, tag="preview"):
    """Say how far the next update would move each group after a command, and change nothing.

    ``command`` is the text form of the command to preview.
    """

    command: str

    def __post_init__(self) -> None:
        from .parsing import previewed  # it makes the commands of this module

        self._take(command=previewed(self.command))


AnyCommand: TypeAlias = (
    Pause
    | Resume
    | Step
    | Stop
    | Freeze
    | Thaw
    | SetLr
    | ScaleLr
    | Decay
    | SetSchedule
    | Clip
    | SwapOptimizer
    | Regroup
    | Rewind
    | RewindToCheckpoint
    | Checkpoint
    | Undo
    | Redo
    | Branch
    | TryLr
    | Preview
    | AddBreakpoint
    | RemoveBreakpoint
)
