"""The interface of a run that the server uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tuitrain.commands import AnyCommand
from tuitrain.engines.inspection import InspectionRequest
from tuitrain.run.snapshot import Actor, Snapshot


class RunViewer(Protocol):
    """One viewer of a run; see `tuitrain.run.live`."""

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot, with the views that this viewer has requested."""
        ...

    def submit(
        self,
        command: AnyCommand,
        actor: Actor,
        ticket: int | None = None,
        why: str = "",
        at: int | None = None,
    ) -> int:
        """Submit a command, and return its ticket."""
        ...

    def cancel(self, ticket: int, actor: Actor) -> None:
        """Refuse a command that waits for its step."""
        ...

    def select_parameter(self, parameter: str | None) -> None:
        """Request this parameter's statistics; None for no parameter."""
        ...

    def inspect(self, request: InspectionRequest | None) -> None:
        """Request an inspection; None ends it."""
        ...

    def preview(self, command: AnyCommand | None) -> None:
        """Request a preview of the next update after a command; None ends it."""
        ...

    def close(self) -> None:
        """Remove the viewer and its requests."""
        ...


class WatchedRun(Protocol):
    """A run that viewers can join."""

    def open_viewer(
        self, attends: bool = True, on_publish: Callable[[], None] | None = None
    ) -> RunViewer:
        """Return a new viewer.

        Parameters
        ----------
        attends : whether it can answer a breakpoint
        on_publish : called after each new snapshot, on the run's thread
        """
        ...
