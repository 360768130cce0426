"""A run that does not move: one snapshot, for a screen that is drawn once."""

from __future__ import annotations

from tuitrain.commands import AnyCommand
from tuitrain.engines.inspection import InspectionRequest
from tuitrain.run.snapshot import Actor, Snapshot


class StaticSource:
    """A source with one snapshot; it takes no commands, and answers no inspection."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def snapshot(self) -> Snapshot:
        """Return the snapshot."""
        return self._snapshot

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Ignore the command."""
        del command, actor
        return 0

    def cancel(self, ticket: int, actor: Actor) -> None:
        """Do nothing: no command waits."""

    def select_parameter(self, parameter: str | None) -> None:
        """Ignore the parameter."""

    def inspect(self, request: InspectionRequest | None) -> None:
        """Ignore the request."""

    def preview(self, command: AnyCommand | None) -> None:
        """Ignore the request."""

    def on_resume(self) -> None:
        """Do nothing: there is no clock to correct."""

    def close(self) -> None:
        """Do nothing: there is no thread."""
