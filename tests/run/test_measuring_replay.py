"""A run that was steered while it measured its test set repeats to the same bits and record."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.scenario.small import TEXT
from tuitrain.cli import main
from tuitrain.commands import parse
from tuitrain.records.record_reader import read_journal
from tuitrain.records.record_writer import RecordWriter
from tuitrain.records.repetition import command_entries
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.boundary import Boundary
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.build import build
from tuitrain.scenario.load import loads
from tuitrain.scenario.verify import make_header

EPOCH = 7


def steer_while_measuring(folder, texts) -> list[tuple[int, bool]]:
    """Train a recorded run, and send it commands at the first batch of each measurement.

    Returns
    -------
    For each measurement, its step, and whether the commands were answered before its end
    """
    scenario, answered = loads(TEXT, "small.toml"), []
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        session = build(scenario, "small.toml", recorder=recorder)
        access = LiveAccess(session.info)
        access.open_viewer()
        boundary = Boundary(session, access, lambda: 0.0)
        visit_measurement = session.metrics.on_measuring

        def on_measuring() -> None:
            tickets = [access.submit(parse(text)) for text in texts]
            visit_measurement()
            known = {entry.ticket for entry in session.journal.entries()}
            answered.append((session.step, {*tickets} <= known))

        session.metrics.on_measuring = on_measuring
        while not session.phase.ended:
            boundary.visit()
            session.phase = session.phase if session.phase.ended else Phase.RUNNING
            if not session.phase.ended:
                boundary.run_burst()
    return answered


@pytest.mark.parametrize(
    "texts",
    [["lr head x0.5"], ["pause", "lr head 0.05", "resume"], ["lr nothing 1", "clip norm 2"]],
)
def test_a_run_steered_while_it_measures_replays_identically(tmp_path, capsys, texts):
    answered = steer_while_measuring(tmp_path / "run", texts)
    assert answered == [(EPOCH, False), (2 * EPOCH, True), (3 * EPOCH, False)]
    entries = list(command_entries(read_journal(tmp_path / "run")))
    assert texts[0] in [entry.command for entry in entries if entry.step == 2 * EPOCH]
    assert main(["replay", str(tmp_path / "run")]) == 0
    assert "identical" in capsys.readouterr().out


def test_a_breakpoint_that_the_measurement_meets_comes_after_the_commands(tmp_path, capsys):
    texts = ["break when accuracy >= 0", "lr head x0.5"]
    answered = steer_while_measuring(tmp_path / "run", texts)
    assert not any(is_answered for _, is_answered in answered), "a breakpoint waits"
    assert main(["replay", str(tmp_path / "run")]) == 0
    assert "identical" in capsys.readouterr().out
