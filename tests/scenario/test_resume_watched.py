"""Resuming a run in the app: it starts where its record ends, and continues to the same end."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.scenario.small import TEXT
from tuitrain.cli import main
from tuitrain.commands import parse
from tuitrain.records.record_reader import read_journal, read_metrics
from tuitrain.records.record_writer import RecordWriter
from tuitrain.records.repetition import command_entries
from tuitrain.records.scheduled_file import SCHEDULED
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.boundary import Boundary
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


TICKETS = range(2**32, 2**32 + 4)
"""Ids of a viewer's commands."""


def run_until(session, access, step: int) -> None:
    """Train a watched session up to a step, at which it pauses."""
    boundary = Boundary(session, access, time.perf_counter)
    boundary.visit()
    while session.step < step:
        session.phase = Phase.RUNNING
        session.run_burst(max_steps=1)
        boundary.visit()


def send(access, texts) -> None:
    for ticket, text in zip(TICKETS, texts, strict=True):
        access.submit(parse(text), "key", ticket)


def test_a_command_that_is_sent_again_after_a_resume_is_applied_once(tmp_path):
    texts = ["lr fc 0.3", "lr nothing 1", "pause", "lr head 0.1"]
    scenario = loads(TEXT, "small.toml")
    with ExitStack() as files:
        recorder = RecordWriter(tmp_path / "run", make_header(scenario), files)
        session = build(scenario, "small.toml", recorder=recorder)
        session.apply_command(parse("clip norm 5"), "key", 1)
        access = LiveAccess(session.info)
        send(access, texts)
        run_until(session, access, 4)
    lines = (tmp_path / "run" / "journal.jsonl").read_text()
    assert [line.id for line in read_journal(tmp_path / "run")[:1]] == [0]
    with ExitStack() as files:
        session = resume_session(tmp_path / "run", files, ignore_progress)
        access = LiveAccess(session.info)
        send(access, ["lr fc 0.5", *texts[1:]])
        run_until(session, access, 4)
        entries = [entry for entry in session.journal.entries() if entry.ticket in TICKETS]
        assert {entry.ticket: entry.command for entry in entries} == dict(
            zip(TICKETS, texts, strict=True)
        )
        assert len(entries) == len(texts)
        access.submit(parse("lr fc 0.7"), "key", TICKETS[-1] + 1)
        run_until(session, access, 4)
    added = (tmp_path / "run" / "journal.jsonl").read_text().removeprefix(lines)
    assert "lr fc 0.7" in added
    assert not any(f'"{text}"' in added for text in [*texts, "lr fc 0.5"])


def kill_with_scheduled(folder, until: int) -> None:
    """Train up to a step; two commands wait for steps 5 and 9 when the process ends."""
    scenario = loads(TEXT, "small.toml")
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        session = build(scenario, "small.toml", recorder=recorder)
        access = LiveAccess(session.info)
        access.submit(parse("lr fc 0.3"), "ctl", TICKETS[0], "later", at=5)
        access.submit(parse("clip norm 5"), "agent", at=9)
        run_until(session, access, until)


def waiting(snapshot) -> list[tuple[int, str, str, str]]:
    return [(one.step, one.command, one.actor, one.why) for one in snapshot.scheduled]


@pytest.mark.parametrize("until", [0, 3, 5, 8])
def test_commands_that_wait_for_their_steps_outlive_the_process(tmp_path, until):
    kill_with_scheduled(tmp_path / "run", until)
    with ExitStack() as files:
        session = resume_session(tmp_path / "run", files, ignore_progress)
        access = LiveAccess(session.info)
        viewer = access.open_viewer()
        access.submit(parse("lr fc 0.3"), "ctl", TICKETS[0], "later", at=5)  # sent once more
        run_until(session, access, until)
        expected = [(5, "lr fc 0.3", "ctl", "later"), (9, "clip norm 5", "agent", "")]
        assert waiting(viewer.snapshot()) == expected[1 if until >= 5 else 0 :]
        run_until(session, access, 11)
        session.end("left")
    assert not (tmp_path / "run" / SCHEDULED).exists()
    entries = [e for e in command_entries(read_journal(tmp_path / "run")) if e.actor != "scenario"]
    applied = [(e.step, e.command, e.actor, e.why) for e in entries if "expect" not in e.command]
    assert applied == expected
    assert main(["replay", str(tmp_path / "run")]) == 0


def test_resume_says_how_many_commands_wait_and_applies_them_without_viewers(tmp_path, capsys):
    kill_with_scheduled(tmp_path / "run", 6)
    assert main(["resume", str(tmp_path / "run")]) == 0
    assert "1 command waits for a step" in capsys.readouterr().out
    applied = {e.command: e.step for e in command_entries(read_journal(tmp_path / "run"))}
    assert applied["clip norm 5"] == 9


def test_a_waiting_command_of_an_earlier_process_can_be_cancelled(tmp_path):
    kill_with_scheduled(tmp_path / "run", 3)
    with ExitStack() as files:
        session = resume_session(tmp_path / "run", files, ignore_progress)
        access = LiveAccess(session.info)
        for one in session.scheduled:
            access.cancel(one.ticket, "key")
        run_until(session, access, 10)
        refused = [e.command for e in session.journal.entries() if e.outcome == "refused"]
    assert refused == ["lr fc 0.3", "clip norm 5"]
    assert not (tmp_path / "run" / SCHEDULED).exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"lr fc 0.3"', '"lr fc"', "scheduled.json, command 1: lr"),
        ('"ctl"', '"scenario"', "scheduled.json, command 1: actor"),
        ('"step":5', '"step":-5', "scheduled.json"),
        ("[", "", "scheduled.json"),
    ],
)
def test_a_damaged_file_of_waiting_commands_is_one_clear_error(tmp_path, capsys, old, new, message):
    kill_with_scheduled(tmp_path / "run", 3)
    path = tmp_path / "run" / SCHEDULED
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert main(["resume", str(tmp_path / "run")]) == 2
    assert message in capsys.readouterr().err


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
