"""The facts of a recorded run for its logs."""

from __future__ import annotations

from pathlib import Path

from tuitrain.records.record_reader import HEADER, Header

from .rows import RunFacts


def run_facts(folder: Path, header: Header) -> RunFacts:
    """Return the facts of the run with a folder and a header."""
    place = folder.resolve()
    try:
        began = (folder / HEADER).stat().st_mtime_ns
    except OSError:
        began = 0
    name = str(header.scenario.get("name", place.name))
    return RunFacts(name, place.name, f"{place} {began} {header.run()}", header.scenario)
