"""A run within limits is repeated with the same commands, checkpoints and bits."""

from contextlib import ExitStack
from pathlib import Path

from tests.scenario.small import TEXT
from tests.scenario.test_verify import nothing
from tuitrain.commands import parse
from tuitrain.records.record_reader import read_journal
from tuitrain.records.record_writer import RecordWriter
from tuitrain.records.repetition import command_entries
from tuitrain.run.journal_entry import JournalEntry
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.build import build
from tuitrain.scenario.load import loads
from tuitrain.scenario.resume import resume
from tuitrain.scenario.verify import make_header, verify_record

LIMITED = TEXT + '\n[limits]\ncheckpoint = true\nlr_factor = 10\ncommands = ["lr", "undo"]\n'
GIVEN = ("lr head 9", "lr head x0.5", "freeze fc", "lr head x0.4", "undo")


def fly(folder: Path, ends: bool = True) -> list[JournalEntry]:
    """Give an agent's commands after some steps, and return all answers."""
    scenario = loads(LIMITED, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        session = build(scenario, "x.toml", recorder=recorder)
        while session.step < session.info.total_steps:
            session.apply_planned()
            session.phase = Phase.RUNNING
            if session.step == 10:
                for number, text in enumerate(GIVEN):
                    session.apply_command(parse(text), "agent", 2**32 + number, "to see")
                if not ends:
                    break
            session.run_burst(max_steps=1)
        if ends:
            session.end("finished")
    return list(session.journal.entries())


def of_the_agent(entries: list[JournalEntry]) -> list[tuple[str, str]]:
    return [(entry.command, entry.outcome) for entry in entries if entry.actor == "agent"]


def test_a_run_within_limits_repeats_identically(tmp_path):
    entries = fly(tmp_path / "run")
    kept = ("checkpoint before-agent", "applied")
    assert of_the_agent(entries) == [
        ("lr head 9", "refused"),
        kept,
        ("lr head x0.5", "applied"),
        ("freeze fc", "refused"),
        kept,
        ("lr head x0.4", "applied"),
        kept,
        ("undo", "applied"),
    ]
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok


def test_a_run_within_limits_resumes_to_the_same_record(tmp_path):
    whole = fly(tmp_path / "whole")
    fly(tmp_path / "killed", ends=False)
    with ExitStack() as files:
        list(resume(tmp_path / "killed", files, nothing, nothing))
    resumed = list(command_entries(read_journal(tmp_path / "killed")))
    assert of_the_agent(resumed) == of_the_agent(whole)
    assert verify_record(tmp_path / "killed", nothing, nothing).verdict.ok
