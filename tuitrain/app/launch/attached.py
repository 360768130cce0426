"""Open the app on a live run of another process."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from tuitrain.encoding import write_line
from tuitrain.remote.client.endpoint import Endpoint
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.errors import ConnectionProblem
from tuitrain.remote.identity import viewer_name
from tuitrain.run.snapshot import Phase, Snapshot
from tuitrain.scenario.runs.run_list import runs_folder
from tuitrain.text import format_count, visible

from ..renderables.charts.pinned_runs import PinnedRun

CONNECT_SECONDS = 30.0
"""Seconds in which the run must greet; ssh may ask for a password meanwhile."""


def open_attached(
    endpoint: Endpoint, read_only: bool = False, pinned: tuple[PinnedRun, ...] = ()
) -> None:
    """Open the app on a live run; leaving the app leaves the run alone.

    Parameters
    ----------
    endpoint : where the run is
    read_only : refuse every command
    pinned : past runs that are drawn for comparison

    Raises
    ------
    NoSuchRunError : the run is not live
    ConnectionProblem : it cannot be reached
    """
    from ..app import TuitrainApp
    from ..config import config_path
    from ..framework.runner import run_app
    from ..screens.deck.attached_deck import AttachedDeck

    with closing(RemoteSource(endpoint, viewer_name(), read_only).start()) as source:
        source.wait_for(lambda _: source.received > 0, CONNECT_SECONDS)
        if not source.received:
            raise source.error or ConnectionProblem(
                f"{endpoint.label} has not answered in {CONNECT_SECONDS:.0f} s"
            )
        welcome = source.welcome
        folder, place = None, ""
        if welcome is not None and endpoint.is_local:
            folder = Path(welcome.folder)
        elif welcome is not None:
            place = f"{welcome.host}:{welcome.folder}"
        deck = AttachedDeck(source, record=folder, read_only=read_only, record_place=place)
        app = TuitrainApp(source, config=config_path(), deck=deck)
        app.deck.compare_with(runs_folder(), pinned)
        run_app(app)
        word = welcome.id if welcome is not None and endpoint.is_local else endpoint.label
        write_line(parting_line(source.snapshot(), word), sys.stderr)


def parting_line(snapshot: Snapshot, word: str) -> str:
    """Return the line about a run whose screen was left.

    Parameters
    ----------
    word : names the run for ``tuitrain attach``
    """
    run, phase = f"the run {visible(snapshot.info.name)}", snapshot.phase
    step = f"step {format_count(snapshot.step)}"
    if phase is Phase.LOST and snapshot.attachment is not None:
        return f"{visible(snapshot.attachment.problem)}; the last step seen is {step}"
    if phase.ended:
        why = f": {visible(snapshot.note)}" if phase is Phase.FAILED and snapshot.note else ""
        return f"{run} has {phase.value} at {step}{why}"
    return f"{run} continues; look at it again with: tuitrain attach {visible(word)}"
