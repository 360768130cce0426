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


class SwapOptimizer(Command, frozen=True, tag="optimizer"):
    """Give groups another optimizer, or other settings.

    Settings that are not named keep their value where the new optimizer has them, else take its
    defaults. ``state`` None takes the default of the pair of optimizers.
    """

    target: str
    name: str
    settings: dict[str, Setting] = {}
    state: Literal["carry", "reset"] | None = None


class Regroup(Command, frozen=True, tag="group"):
    """Move the parameters that match any of the globs into a group, made anew if need be."""

    name: str
    patterns: tuple[str, ...]


AnyCommand: TypeAlias = (
    Pause | Resume | Step | Stop | Freeze | Thaw | SetLr | ScaleLr | Decay | SwapOptimizer | Regroup
)
