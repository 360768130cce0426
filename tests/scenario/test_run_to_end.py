"""Without a user, a breakpoint is written once, until its condition no longer holds."""

import json
import os
from contextlib import ExitStack

import pytest

from tests.scenario.small import TEXT
from tuitrain.commands import parse
from tuitrain.records.record_reader import JOURNAL
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.build import build
from tuitrain.scenario.expect import Expectations
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.resume import resume
from tuitrain.scenario.run_to_end import run_to_end
from tuitrain.scenario.verify import make_header, verify_record

HEAD = TEXT[: TEXT.index("[[at]]")].replace("epochs = 3", "epochs = 20")
DIVERGED = HEAD.replace("lr = 0.1", "lr = 1e30") + '[[at]]\nstep = 0\ndo = "break when nan"\n'


def nothing(*_) -> None:
    """Take no notice."""


def fly(text: str, folder) -> list:
    scenario = loads(text, "x.toml")
    with ExitStack() as files:
        return list(
            replay(scenario, "x.toml", recorder=RecordWriter(folder, make_header(scenario), files))
        )


def breaks_in(folder) -> list[int]:
    lines = map(json.loads, (folder / JOURNAL).read_text().splitlines())
    return [item["step"] for item in lines if item.get("actor") == "breakpoint"]


@pytest.fixture
def synced(monkeypatch) -> list[int]:
    calls: list[int] = []
    fsync = os.fsync

    def count(file: int) -> None:
        calls.append(file)
        fsync(file)

    monkeypatch.setattr("os.fsync", count)
    return calls


def test_a_diverged_run_writes_one_line_without_waiting_for_the_disk(tmp_path, synced):
    """140 steps, all but the first of which meet the condition."""
    events = fly(DIVERGED, tmp_path / "run")
    assert events[-1].step == 140
    assert len(breaks_in(tmp_path / "run")) == 1
    assert len(synced) <= 6, "the header and its folder, twice, and the one command"
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok


def held_steps(text: str, condition: str, again: bool = False) -> tuple[list[int], str]:
    """Return the steps at which a run breaks that is resumed each time, and its digest.

    ``again`` sets the breakpoint again after each, so that every step that meets it is returned.
    """
    session = build(loads(text, "x.toml"), "x.toml")
    session.apply_command(parse(f"break when {condition}"), "key", 1)
    steps = []
    while session.phase is not Phase.FINISHED:
        session.phase = Phase.RUNNING
        session.run_burst()
        if session.phase is Phase.PAUSED:
            steps.append(session.step)
        if session.phase is Phase.PAUSED and again:
            session.run_burst(max_steps=1)
            session.apply_command(parse("break off"), "key", 1)
            session.apply_command(parse(f"break when {condition}"), "key", 1)
    return steps, session.engine.digest()


def met_by(text: str, condition: str) -> tuple[list[int], str]:
    """Return the steps that meet a condition, and the digest of the run."""
    return held_steps(text, condition, again=True)


def broken_alone(session: Session, conditions: list[str]) -> list[tuple[int, str]]:
    """Return where a run without a user breaks, and why."""
    scenario = loads(HEAD, "x.toml")
    for item in conditions:
        session.apply_command(parse(f"break when {item}"), "scenario", 0)
    events = run_to_end(
        session, Expectations(scenario.expect, session, "x.toml"), "x.toml", nothing
    )
    return [(e.step, e.message) for e in events if getattr(e, "actor", "") == "breakpoint"]


def test_a_breakpoint_is_written_again_after_its_condition_ended():
    condition = "loss > x1.01"
    met, digest = met_by(HEAD, condition)
    begins = [step for step in met if step - 1 not in met]
    assert 1 < len(begins) < len(met), "some stretches, of which some are longer than a step"
    session = build(loads(HEAD, "x.toml"), "x.toml")
    assert [step for step, _ in broken_alone(session, [condition])] == begins
    assert session.engine.digest() == digest


def test_each_condition_is_written_separately():
    session = build(loads(HEAD, "x.toml"), "x.toml")
    broken = broken_alone(session, ["grad_norm fc > 0", "loss > x1.01"])
    loss = [step for step, why in broken if "loss" in why]
    met, _ = met_by(HEAD, "loss > x1.01")
    assert [step for step, why in broken if "grad_norm" in why] == [0]
    assert loss == [step for step in met if step - 1 not in met]


@pytest.mark.parametrize("condition", ["grad_norm fc > 0", "loss > x1.01"])
def test_a_live_run_is_held_where_a_condition_begins_to_hold(condition):
    met, digest = met_by(HEAD, condition)
    begins = [step for step in met if step - 1 not in met]
    assert held_steps(HEAD, condition) == (begins, digest)


@pytest.mark.parametrize("name", ["a", None])
def test_a_resume_within_a_condition_leaves_the_same_record(tmp_path, name):
    text = DIVERGED + '[[at]]\nstep = 50\ndo = "checkpoint a"\n'
    whole = fly(text, tmp_path / "run")
    before = (tmp_path / "run" / JOURNAL).read_bytes()
    with ExitStack() as files:
        again = list(resume(tmp_path / "run", files, nothing, nothing, name))
    assert repr(again[-1]) == repr(whole[-1]), "as text: the loss is nan, which equals nothing"
    assert (tmp_path / "run" / JOURNAL).read_bytes() == before
    # and where the record was cut off after the checkpoint
    lines = before.splitlines(keepends=True)
    kept = next(at for at, item in enumerate(lines) if b"checkpoint a" in item) + 1
    (tmp_path / "run" / JOURNAL).write_bytes(b"".join(lines[:kept]))
    with ExitStack() as files:
        again = list(resume(tmp_path / "run", files, nothing, nothing, "a"))
    assert repr(again[-1]) == repr(whole[-1])
    assert (tmp_path / "run" / JOURNAL).read_bytes() == before


@pytest.mark.parametrize("name", ["a", None])
def test_a_breakpoint_on_a_metric_is_written_once_also_by_a_resume(tmp_path, name):
    text = HEAD.replace("[optimizer]", 'evaluate = { every = "7 steps" }\n[optimizer]', 1)
    text += '[[at]]\nstep = 10\ndo = "break when accuracy >= 0"\n'
    text += '[[at]]\nstep = 50\ndo = "checkpoint a"\n'
    whole = fly(text, tmp_path / "run")
    assert breaks_in(tmp_path / "run") == [14]
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok
    before = (tmp_path / "run" / JOURNAL).read_bytes()
    lines = before.splitlines(keepends=True)
    kept = next(at for at, item in enumerate(lines) if b"checkpoint a" in item) + 1
    (tmp_path / "run" / JOURNAL).write_bytes(b"".join(lines[:kept]))
    with ExitStack() as files:
        assert list(resume(tmp_path / "run", files, nothing, nothing, name))[-1] == whole[-1]
    assert (tmp_path / "run" / JOURNAL).read_bytes() == before
