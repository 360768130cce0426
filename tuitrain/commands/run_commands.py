"""The commands that move a run: pause and step, go back, keep, branch, try learning rates.

Each is an immutable value. A field with a value that is not allowed raises `CommandError` when the
command is made, so every command can be printed and read back.
"""

from __future__ import annotations

from typing import Final

from . import checks, tokens
from .command import Command
from .group_commands import ScaleLr, SetLr
from .usage import usage_error

MIN_PACE: Final = 0.01
"""Minimum steps per second: one step in 100 seconds."""


class Pause(Command, frozen=True, tag="pause"):
    """Pause at the next step boundary."""


class Resume(Command, frozen=True, tag="resume"):
    """Continue after a pause."""


class Step(Command, frozen=True, tag="step"):
    """Take ``count`` steps, then pause."""

    count: int = 1

    def __post_init__(self) -> None:
        self._take(count=checks.count("step", self.count))


class SetPace(Command, frozen=True, tag="speed"):
    """Take at most this many steps a second while a screen shows the run.

    Attributes
    ----------
    steps_per_second : above 0; None for as many as the machine can
    """

    steps_per_second: float | None = None

    def __post_init__(self) -> None:
        if self.steps_per_second is None:
            return
        pace = checks.non_negative("speed", "number of steps a second", self.steps_per_second)
        if pace < MIN_PACE:
            raise usage_error(
                "speed",
                f"takes {MIN_PACE:g} steps a second or more, or max, but was given {pace:g} "
                "(pause holds the run)",
            )
        self._take(steps_per_second=pace)


class Stop(Command, frozen=True, tag="stop"):
    """End the run at the next step boundary."""


class Rewind(Command, frozen=True, tag="rewind"):
    """Go back to the boundary before step ``step``; what followed is kept as a branch."""

    step: int

    def __post_init__(self) -> None:
        self._take(step=checks.count("rewind", self.step, 0))


class RewindBy(Command, frozen=True, tag="rewind-by"):
    """Go back by ``count`` steps, at most to the start; what followed is kept as a branch."""

    count: int

    def __post_init__(self) -> None:
        self._take(count=checks.count("rewind", self.count))


class RewindToCheckpoint(Command, frozen=True, tag="rewind-to"):
    """Go back to exactly where a checkpoint was made; what followed is kept as a branch."""

    name: str

    def __post_init__(self) -> None:
        checks.checkpoint("rewind", self.name)


class Checkpoint(Command, frozen=True, tag="checkpoint"):
    """Save everything that determines the rest of the run, under a name that is also a file's."""

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
    steps : how many steps each candidate trains; each is left as a branch
    """

    target: str
    values: tuple[str, ...]
    steps: int

    def __post_init__(self) -> None:
        checks.target("try", self.target)
        values = checks.several("try", "learning rates", self.values)
        self._take(
            values=tuple(tokens.candidate(value) for value in values),
            steps=checks.count("try", self.steps, what="steps"),
        )

    def candidates(self) -> tuple[SetLr | ScaleLr, ...]:
        """Return the command of each candidate."""
        return tuple(
            ScaleLr(self.target, float(value[1:]))
            if value.startswith("x")
            else SetLr(self.target, float(value))
            for value in self.values
        )
