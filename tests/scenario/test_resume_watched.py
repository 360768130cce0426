"""Resuming a run in the app: it starts where its record ends, and continues to the same end."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.scenario.small import TEXT
from tuitrain.cli import main
from tuitrain.commands import parse
from tuitrain.records.record_reader import read_journal, read_metrics
from tuitrain.records.record_writer import RecordWriter
from tuitrain.records.repetition import command_entries
from tuitrain.run.progress import ignore_progress
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.build import build
from tuitrain.scenario.load import loads
from tuitrain.scenario.resume import resume_session
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.verify import make_header


def left_at(folder, step: int, choice: dict[int, str]):
    """Fly to a step, and leave; the digest there is the answer."""
    scenario = loads(TEXT, "small.toml")
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        session = build(scenario, "small.toml", recorder=recorder)
        went = dict(choice)
        while True:
            session.apply_planned()
            if text := went.pop(session.step, None):
                session.apply_command(parse(text), "key", 0)
                session.apply_planned()
            if session.step >= step and not went:
                return session.engine.digest()
            session.phase = Phase.RUNNING
            session.run_burst(max_steps=1)


@pytest.mark.parametrize(
    ("step", "choice"),
    [(9, {}), (11, {5: "lr fc 0.3"}), (13, {12: "rewind 6", 8: "freeze head"})],
)
def test_a_resumed_session_pauses_at_the_end_of_the_record(tmp_path, step, choice):
    digest = left_at(tmp_path / "run", step, choice)
    before = read_metrics(tmp_path / "run")
    with ExitStack() as files:
        session = resume_session(tmp_path / "run", files, ignore_progress)
        assert (session.step, session.phase) == (step, Phase.PAUSED)
        assert session.engine.digest() == digest
        assert read_metrics(tmp_path / "run") == before
        session.apply_command(parse("lr head 0.01"), "key", 0)
        session.phase = Phase.RUNNING
        session.run_burst(max_steps=1)
    commands = [item.command for item in command_entries(read_journal(tmp_path / "run"))]
    assert commands[-1] == "lr head 0.01"
    assert RecordPlayer(tmp_path / "run").snapshot().step == step + 1


def test_a_session_resumed_in_the_app_replays_identically(tmp_path, capsys):
    left_at(tmp_path / "run", 9, {4: "lr fc 0.3"})
    with ExitStack() as files:
        session = resume_session(tmp_path / "run", files, ignore_progress)
        session.apply_command(parse("optimizer head adam lr=0.01"), "key", 0)
        session.phase = Phase.RUNNING
        while not session.phase.ended:
            session.apply_planned()
            session.phase = Phase.RUNNING
            session.run_burst()
    assert main(["replay", str(tmp_path / "run")]) == 0
    assert "identical" in capsys.readouterr().out


def test_the_journal_of_a_resumed_session_has_expectations(tmp_path):
    left_at(tmp_path / "run", 9, {})
    with ExitStack() as files:
        session = resume_session(tmp_path / "run", files, ignore_progress)
        session.phase = Phase.RUNNING
        while not session.phase.ended:
            session.apply_planned()
            session.run_burst()
        session.on_boundary()
        assert [e.outcome for e in session.journal.entries() if e.command.startswith("expect")]
