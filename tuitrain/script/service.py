"""Serving the run of a script without a screen, and what its viewers see at the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tuitrain.encoding import write_notice
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase
from tuitrain.text import format_count

from .host import Loop

EndService = Callable[[str], object]
"""Ends the service of a run; takes the farewell to its viewers."""


def serve_script(access: LiveAccess, folder: Path, private: bool = False) -> EndService:
    """Serve a run, print how it is watched, and return what ends the service.

    Parameters
    ----------
    access : of the viewers
    folder : of the record
    private : serve the run to no other process
    """
    if private:
        return _end_nothing
    from tuitrain.remote.server.serving import start_server  # private runs start without it

    server = start_server(access, folder, access.newest().info.name, _print)
    if server is None:
        return _end_nothing
    _print(f"this run is live; watch it with: tuitrain attach {server.id}")
    return server.close


def show_early_end(session: Session, loop: Loop, access: LiveAccess) -> None:
    """Show viewers why a run has ended before its last step, if its loop has ended it."""
    is_interrupted = isinstance(loop.error, KeyboardInterrupt)
    is_early = session.phase is Phase.FINISHED and session.step < session.info.total_steps
    if not is_early and not (is_interrupted and session.phase is Phase.STOPPED):
        return
    how = "was interrupted" if is_interrupted else "has ended"
    access.publisher.update(note=f"the script {how} at step {format_count(session.step)}")


def farewell(access: LiveAccess) -> str:
    """Return the farewell to viewers."""
    newest = access.newest()
    what = "the run has failed" if newest.phase is Phase.FAILED else "the run has ended"
    return f"{what}: {newest.note}" if newest.note else what


def _end_nothing(reason: str) -> None:
    del reason


def _print(text: str) -> None:
    with suppress(OSError):
        write_notice(text)
