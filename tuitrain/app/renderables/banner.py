"""What stands over the deck while a run starts, and after it failed."""

from __future__ import annotations

from tuitrain.run.snapshot import Phase, Snapshot

from .rows import Row, wrap_text


def banner_rows(snapshot: Snapshot, width: int) -> list[Row]:
    """Return the note of a starting or failed run, broken into rows; else nothing."""
    if snapshot.phase is Phase.FAILED:
        return wrap_text(snapshot.note or "no reason was given", width, "bad")
    if snapshot.phase is Phase.STARTING:
        return wrap_text(snapshot.note or "preparing the run", width, "text")
    return []
