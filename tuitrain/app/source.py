"""The app's interface to a run."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from tuitrain.commands import AnyCommand
from tuitrain.engines.inspection import InspectionRequest
from tuitrain.remote.wire.messages import PenAction
from tuitrain.run.snapshot import Actor, Snapshot


class Source(Protocol):
    """A run that returns snapshots and takes commands."""

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot without waiting."""
        ...

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Send a command; its reply is the journal entry with the returned ticket."""
        ...

    def cancel(self, ticket: int, actor: Actor) -> None:
        """Refuse a command that waits for its step; one that does not wait is not changed."""
        ...

    def select_parameter(self, parameter: str | None) -> None:
        """Request this parameter's statistics in coming snapshots; None for no parameter."""
        ...

    def inspect(self, request: InspectionRequest | None) -> None:
        """Request an inspection in coming snapshots; None ends it."""
        ...

    def preview(self, command: AnyCommand | None) -> None:
        """Request a preview of the next update after a command; None ends it."""
        ...

    def on_resume(self) -> None:
        """Exclude the time for which the process was suspended from the throughput."""
        ...

    def close(self) -> object:
        """End the training and wait for its thread; the result is not used."""
        ...


@runtime_checkable
class PenSource(Protocol):
    """A run that other viewers watch, too: one of them has the pen and steers."""

    def use_pen(self, action: PenAction) -> None:
        """Ask for the pen, give it away, or keep it."""
        ...


class RecordedSource(Source, Protocol):
    """The record of a run: shows one moment at a time, and takes no commands."""

    @property
    def place(self) -> int:
        """The shown moment, counted from 0."""
        ...

    @property
    def last(self) -> int:
        """The last moment."""
        ...

    @property
    def playing(self) -> bool:
        """Whether the record is played."""
        ...

    def go(self, place: int) -> None:
        """Show a moment, limited to the first and last; stop playing."""
        ...

    def jump(self, direction: int) -> bool:
        """Move to the next moment with a command, either way; return whether there is one."""
        ...

    def play(self) -> None:
        """Play from here; at the end, from the first moment."""
        ...

    def pause(self) -> None:
        """Stop playing."""
        ...
