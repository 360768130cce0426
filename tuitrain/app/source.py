"""What the app needs of a run: the one door between the screen and the training."""

from __future__ import annotations

from typing import Protocol

from tuitrain.commands import AnyCommand
from tuitrain.engines.inspection import InspectionRequest
from tuitrain.run.snapshot import Actor, Snapshot


class Source(Protocol):
    """Something that gives snapshots and takes commands: a live run, or a test's fake."""

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot, at once."""
        ...

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Hand over a command; its answer comes as the journal entry with the returned ticket."""
        ...

    def select_parameter(self, parameter: str | None) -> None:
        """Ask that coming snapshots describe this parameter in full (None: no parameter)."""
        ...

    def inspect(self, request: InspectionRequest | None) -> None:
        """Ask that coming snapshots show something closely (None: nothing)."""
        ...

    def preview(self, command: AnyCommand | None) -> None:
        """Ask that a coming snapshot says how far the next update would go after a command."""
        ...

    def on_resume(self) -> None:
        """Learn that the process was suspended and goes on: the time between is nobody's speed."""
        ...

    def close(self) -> None:
        """End the training and wait until its thread has left."""
        ...


class RecordedSource(Source, Protocol):
    """The record of a run: its moments are shown one at a time, and it takes no commands."""

    @property
    def place(self) -> int:
        """The moment that is shown, counted from 0."""
        ...

    @property
    def last(self) -> int:
        """The last moment."""
        ...

    @property
    def playing(self) -> bool:
        """Whether the moments go on by themselves."""
        ...

    def go(self, place: int) -> None:
        """Show another moment, the first or the last at most; no longer play."""
        ...

    def jump(self, by: int) -> bool:
        """Go to the next moment, either way, at which something was asked; whether there is one."""
        ...

    def play(self) -> None:
        """Go on from here by itself; at the end, from the first moment."""
        ...

    def pause(self) -> None:
        """Stand still."""
        ...
