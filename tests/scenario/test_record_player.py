"""A recording shows what the live run showed, as far as its record has it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.run_folders import flown, left_behind, losses, wandered
from tests.scenario.small import TEXT
from tuitrain.commands import Freeze, parse
from tuitrain.errors import TuitrainError
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.build import build
from tuitrain.scenario.load import loads
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.verify import make_header

ASKED = {
    4: "optimizer head adam lr=0.01",
    6: "checkpoint good",
    9: "decay head over 2 epochs",
    12: "rewind 8",
    14: "group all = *",
    17: "undo",
}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(snapshot):
    """Return what of a snapshot follows from the record."""
    return (
        snapshot.branch,
        snapshot.step,
        [
            (g.name, g.optimizer, g.settings, g.schedule, g.lr, g.frozen_since, len(g.parameters))
            for g in snapshot.groups
        ],
        [(entry.step, entry.command, entry.outcome) for entry in snapshot.journal],
        [(item.step, item.command) for item in snapshot.interventions],
        snapshot.clip,
    )


def flown_live(folder):
    """Run step by step, and return the snapshots of all boundaries, and the losses."""
    scenario = loads(TEXT.replace("epochs = 3", "epochs = 4"), "small.toml")
    seen, request = [], dict(ASKED)
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        session = build(scenario, "small.toml", recorder=recorder)
        while not session.phase.ended:
            session.apply_planned()
            seen.append(told(session.snapshot()))
            if text := request.pop(session.step, None):
                session.apply_command(parse(text), "key", 0)
                seen.append(told(session.snapshot()))
            session.phase = Phase.RUNNING
            session.run_burst(max_steps=1)
        seen.append(told(session.snapshot()))
    return seen, session.snapshot().loss


def test_every_moment_equals_the_live_snapshot(tmp_path):
    seen, loss = flown_live(tmp_path / "run")
    recording = RecordPlayer(tmp_path / "run")
    shown = []
    for place in range(recording.last + 1):
        recording.go(place)
        shown.append(told(recording.snapshot()))
    by_moment = {(item[0], item[1]): item for item in seen}
    for item in shown:
        if (live := by_moment.get(item[:2])) is not None:
            assert item == live
    assert shown[-1] == seen[-1]
    assert len(set(map(str, shown))) == len(shown)
    own = recording.snapshot().loss
    known = dict(zip(own.steps.tolist(), own.values.tolist(), strict=True))
    other = dict(zip(loss.steps.tolist(), loss.values.tolist(), strict=True))
    unknown = {15, 16, 17}  # trained again by the undo
    assert {step: known[step] for step in known.keys() - unknown} == {
        step: other[step] for step in other.keys() - unknown
    }


def test_values_are_those_of_the_last_checkpoint_before_the_moment(tmp_path):
    flown_live(tmp_path / "run")
    recording = RecordPlayer(tmp_path / "run")
    recording.select_parameter("fc1.weight")
    recording.go(5)
    assert recording.snapshot().parameter is None
    recording.go(6)
    view = recording.snapshot().parameter
    assert view is not None
    assert (view.step, view.name) == (6, "fc1.weight")
    recording.go(8)
    assert recording.snapshot().parameter == view


def test_values_that_the_folder_lacks_are_missing(tmp_path):
    recording = RecordPlayer(flown(tmp_path / "a"))
    recording.select_parameter("fc1.weight")
    shown = recording.snapshot()
    assert shown.parameter is None
    assert all(group.update_ratio != group.update_ratio for group in shown.groups)
    assert all(not len(trace.grad_norm) for trace in shown.histories)
    assert [group.frozen_intact for group in shown.groups] == [None, None]


def test_learning_rate_histories_follow_from_the_decisions(tmp_path):
    recording = RecordPlayer(flown(tmp_path / "a"))
    fc = recording.snapshot().histories[1].lr
    assert dict(zip(fc.steps.tolist(), fc.values.tolist(), strict=True))[59] == 0.05
    assert dict(zip(fc.steps.tolist(), fc.values.tolist(), strict=True))[60] == 0.001
    assert fc.steps.tolist() == list(range(101))


def test_later_steps_and_left_branches_are_ghosts(tmp_path):
    recording = RecordPlayer(wandered(tmp_path / "a"))
    recording.go(60)
    shown = recording.snapshot()
    assert (shown.branch, shown.step) == ("b1", 39)
    assert [(item.name, item.tip) for item in shown.branches] == [("main", 50), ("later", 70)]
    assert shown.loss.steps[-1] == 39


def test_a_recording_takes_no_commands(tmp_path):
    recording = RecordPlayer(flown(tmp_path / "a"))
    with pytest.raises(TuitrainError, match="this is the record of one"):
        recording.submit(Freeze("conv"), "key")


def test_a_recording_plays_by_the_clock_to_its_end(tmp_path):
    clock = Clock()
    recording = RecordPlayer(flown(tmp_path / "a"), clock)
    assert recording.place == recording.last == 100
    recording.play()
    assert recording.place == 0
    clock.now = 2.0
    shown = recording.snapshot()
    assert (shown.step, shown.phase) == (20, Phase.PLAYED)
    clock.now = 60.0
    shown = recording.snapshot()
    assert (shown.step, shown.phase) == (100, Phase.RECORDED)
    assert not recording.playing


def test_equal_moments_share_a_snapshot(tmp_path):
    recording = RecordPlayer(flown(tmp_path / "a"))
    assert recording.snapshot() is recording.snapshot()
    before = recording.snapshot().version
    recording.go(3)
    assert recording.snapshot().version > before


def test_jumps_lead_to_commands(tmp_path):
    recording = RecordPlayer(flown(tmp_path / "a"))
    recording.go(50)
    assert recording.jump(1)
    assert recording.place == 60
    assert not recording.jump(1)
    assert recording.jump(-1)
    assert recording.place == 40
    assert not recording.jump(-1)


def test_a_recording_without_its_data_shows_the_rest(tmp_path):
    folder = left_behind(tmp_path / "a", (), [losses(1, 9)], data="idx:/nowhere/at/all")
    shown = RecordPlayer(folder).snapshot()
    assert shown.groups == ()
    assert "the groups cannot be shown" in shown.note
    assert len(shown.loss) == 9


def test_a_folder_without_a_run_is_one_error(tmp_path):
    with pytest.raises(TuitrainError, match="holds no run: it has no header"):
        RecordPlayer(tmp_path)
