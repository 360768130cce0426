"""The typed commands.

Each is an immutable value. ``target`` is a group's name, or a glob (``*``, ``conv*``). It is
matched against the groups' names first; the commands that can act on single parameters (freeze,
thaw) match it against the parameters' names when no group matches.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Setting: TypeAlias = float | bool | tuple[float, float]
"""A hyper-parameter's value: a number, yes or no, or a pair (Adam's betas)."""


class Command(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """Anything that can be asked of a run."""


class Pause(Command, frozen=True, tag="pause"):
    """Stand still at the next step boundary."""


class Resume(Command, frozen=True, tag="resume"):
    """Go on after a pause."""


class Step(Command, frozen=True, tag="step"):
    """Take ``count`` steps, then pause."""

    count: int = 1


class Stop(Command, frozen=True, tag="stop"):
    """End the run at the next step boundary."""


class Freeze(Command, frozen=True, tag="freeze"):
    """Leave parameters and their optimizer state as they are, bit for bit."""

    target: str


class Thaw(Command, frozen=True, tag="thaw"):
    """Train frozen parameters again, with the optimizer state they had (keep) or none (reset)."""

    target: str
    state: Literal["keep", "reset"] = "keep"


class SetLr(Command, frozen=True, tag="lr"):
    """Give groups a constant learning rate."""

    target: str
    lr: float


class ScaleLr(Command, frozen=True, tag="scale-lr"):
    """Multiply the learning rate of groups; a schedule goes on from the scaled value."""

    target: str
    factor: float


class Decay(Command, frozen=True, tag="decay"):
    """Let the lr fall linearly to zero, from its present value, over so many epochs or steps."""

    target: str
    over: int
    unit: Literal["epochs", "steps"] = "epochs"


class FollowSchedule(Command, frozen=True, tag="schedule"):
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


class Clip(Command, frozen=True, tag="clip"):
    """Clip gradients before every update: their total norm, or each value; ``off`` ends it."""

    by: Literal["norm", "value", "off"]
    limit: float = 0.0


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


class Regroup(Command, frozen=True, tag="group"):
    """Move the parameters that match any of the globs into a group, made anew if need be."""

    name: str
    patterns: tuple[str, ...]


class Rewind(Command, frozen=True, tag="rewind"):
    """Go back to the boundary before step ``step``; what followed is kept as a branch."""

    step: int


class Undo(Command, frozen=True, tag="undo"):
    """Take back the last command, and train again up to the present step without it."""


class Branch(Command, frozen=True, tag="branch"):
    """Return to the end of a branch that was left."""

    name: str


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


class BreakWhen(Command, frozen=True, tag="break"):
    """Pause before an update is applied, when something happens.

    Attributes
    ----------
    on : ``nan``: the loss or a gradient is not finite; ``loss``: it is above ``limit`` times its
        average; ``grad_norm``: that of ``group`` is above ``limit``; ``accuracy``: it has reached
        ``limit``
    """

    on: Literal["nan", "loss", "grad_norm", "accuracy"]
    limit: float = 0.0
    group: str = ""


class BreakOff(Command, frozen=True, tag="break-off"):
    """Take all breakpoints away."""


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
    | FollowSchedule
    | Clip
    | SwapOptimizer
    | Regroup
    | Rewind
    | Undo
    | Branch
    | TryLr
    | Preview
    | BreakWhen
    | BreakOff
)
