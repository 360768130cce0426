"""A record has the gradients and updates of groups that the screen showed; training is
unchanged."""

from __future__ import annotations

import json
import math
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.run_folders import flown, left_behind, losses
from tests.scenario.small import TEXT
from tuitrain.commands import parse
from tuitrain.records.record_reader import GROUPS, JOURNAL, METRICS, read_groups
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.group_metrics import RESOLUTION_BUDGET, GroupMetricsThinner
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.build import build
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.resume import resume
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.verify import make_header, verify_record

ASKED = {
    4: "optimizer head adam lr=0.01",
    9: "decay head over 2 epochs",
    12: "rewind 8",
    14: "thaw fc",
    17: "undo",
    20: "branch main",
}


def nothing(*_):
    """Report nothing."""


def fly(folder: Path, looks: bool = True, request=ASKED) -> dict:
    """Fly step by step; return what was looked at, by line and step."""
    scenario = loads(TEXT.replace("epochs = 3", "epochs = 4"), "small.toml")
    seen, left = {}, dict(request)
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        session = build(scenario, "small.toml", recorder=recorder)
        while not session.phase.ended:
            session.apply_planned()
            if looks:
                shown = session.snapshot()
                seen[shown.branch, shown.step] = shown
            if text := left.pop(session.step, None):
                session.apply_command(parse(text), "key", 0)
            session.phase = Phase.RUNNING
            session.run_burst(max_steps=1)
        seen[session.timeline.branch.name, session.step] = session.snapshot()
    return seen


def moments(folder: Path) -> dict:
    """Return what a recording shows, by line and step: of equal ones the latest."""
    recording, result = RecordPlayer(folder), {}
    for place in range(recording.last + 1):
        recording.go(place)
        shown = recording.snapshot()
        result[shown.branch, shown.step] = shown
    return result


def approximately(values) -> object:
    return pytest.approx([*values], rel=1e-5, nan_ok=True)


def known(series) -> dict[int, float]:
    points = zip(series.steps.tolist(), series.values.tolist(), strict=True)
    return {step: value for step, value in points if math.isfinite(value)}


def test_a_recording_shows_the_gradients_and_updates_of_the_live_run(tmp_path):
    seen, again = fly(tmp_path / "run"), moments(tmp_path / "run")
    compared = 0
    for at, live in seen.items():
        shown = again[at]
        for own, foreign in zip(shown.histories, live.histories, strict=True):
            for course in ("grad_norm", "update_ratio"):
                values, shown_then = (known(getattr(item, course)) for item in (own, foreign))
                besides = values.keys() - shown_then.keys()
                assert all(step % 7 == 0 for step in besides), "looked at before a freeze there"
                both = {step: values[step] for step in values.keys() - besides}
                assert both == pytest.approx(shown_then, rel=1e-5), (at, own.name, course)
                compared += len(both)
    assert compared > 200
    assert {branch for branch, _ in again} == {"main", "b1", "b2"}


def test_the_table_has_the_metrics_of_the_moment(tmp_path):
    seen, again = fly(tmp_path / "run", request={}), moments(tmp_path / "run")
    for at, live in seen.items():
        numbers = [(item.grad_norm, item.update_ratio) for item in live.groups]
        own = [(item.grad_norm, item.update_ratio) for item in again[at].groups]
        for one, other in zip(own, numbers, strict=True):
            assert one == approximately(other), at
    fc, head = again["main", 10].groups
    assert math.isnan(fc.grad_norm), "it was frozen at step 7"
    assert head.grad_norm > 0


def test_group_metrics_change_no_compared_value(tmp_path):
    fly(tmp_path / "looked")
    fly(tmp_path / "blind", looks=False)
    for name in (JOURNAL, METRICS):
        looked, blind = ((tmp_path / item / name).read_bytes() for item in ("looked", "blind"))
        assert looked == blind
    assert len(read_groups(tmp_path / "looked")) > len(read_groups(tmp_path / "blind"))
    comparison = verify_record(tmp_path / "looked", nothing, nothing)
    assert (comparison.verdict.difference, comparison.verdict.identical_through) == (None, 28)


def test_a_headless_run_records_group_metrics_at_epochs(tmp_path):
    scenario = loads(TEXT, "small.toml")
    with ExitStack() as files:
        recorder = RecordWriter(tmp_path / "run", make_header(scenario), files)
        list(replay(scenario, "small.toml", recorder=recorder))
    looks = read_groups(tmp_path / "run")
    assert [item.step for item in looks] == [7, 14, 21]
    assert [item.groups["fc"] == (None, None) for item in looks] == [False, True, True]
    with ExitStack() as files:
        list(resume(tmp_path / "run", files, nothing, nothing))
    assert read_groups(tmp_path / "run") == looks


def test_a_record_of_an_early_version_has_no_group_metrics(tmp_path):
    fly(tmp_path / "run")
    (tmp_path / "run" / GROUPS).unlink()
    shown = RecordPlayer(tmp_path / "run").snapshot()
    assert shown.note == ""
    assert all(math.isnan(item.grad_norm) for item in shown.groups)
    assert not any(len(item.grad_norm) for item in shown.histories)
    comparison = verify_record(tmp_path / "run", nothing, nothing)
    assert comparison.verdict.ok


def test_an_incomplete_last_line_is_skipped_and_cut_off_at_a_resume(tmp_path):
    fly(tmp_path / "run")
    path = tmp_path / "run" / GROUPS
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[-1][:40])
    assert RecordPlayer(tmp_path / "run").snapshot().note == ""
    with ExitStack() as files:
        list(resume(tmp_path / "run", files, nothing, nothing))
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"step":3,"branch":"main","groups":{"fc":[1]}}', '{"step":3}']
)
def test_a_damaged_line_is_named_and_the_rest_is_shown(tmp_path, line):
    folder = flown(tmp_path / "a")
    (folder / GROUPS).write_text(line + "\n")
    shown = RecordPlayer(folder).snapshot()
    assert shown.note.startswith(f"gradients cannot be shown: {folder / GROUPS}")
    assert len(shown.loss) == 100


def test_of_repeated_steps_the_later_metrics_count(tmp_path):
    folder = flown(tmp_path / "a")
    looks = [(30, 3.0), (50, 5.0), (90, 9.0), (50, 5.5)]
    lines = [
        json.dumps({"event": "groups", "step": at, "branch": "main", "groups": {"fc": [norm, 0.1]}})
        for at, norm in looks
    ]
    (folder / GROUPS).write_text("\n".join([*lines, ""]))
    course = RecordPlayer(folder).snapshot().histories[1].grad_norm
    assert known(course) == {30: 3.0, 50: 5.5}


@pytest.mark.parametrize(("groups", "maximum"), [(2, 3300), (8, 3300), (1000, 160)])
def test_the_number_of_lines_grows_with_the_logarithm_of_the_steps(tmp_path, groups, maximum):
    (one,) = fly(tmp_path / "run", request={})["main", 10].groups[1:]
    seen = [replace(one, name=f"g{index}", grad_norm=1 / 3) for index in range(groups)]
    thinning, taken = GroupMetricsThinner(), 0

    def take():
        nonlocal taken
        taken += 1
        return seen

    lines = [thinning.sample(step, "main", take, last=False) for step in range(1, 100_001)]
    written = [item for item in lines if item is not None]
    assert taken == len(written) <= maximum
    steps = [item["step"] for item in written]
    resolution = min(512, max(16, RESOLUTION_BUDGET // groups))
    assert all(b - a <= max(1, b / resolution + 1) for a, b in pairwise(steps))
    assert thinning.sample(100_001, "main", take, last=True) is not None
    assert len(json.dumps(written[0])) < 60 + 60 * groups  # of three values


def test_a_recording_has_hundreds_of_points_at_most_and_always_the_last(tmp_path):
    folder = left_behind(tmp_path / "a", (), [losses(1, 3000)])
    lines = [
        json.dumps({"event": "groups", "step": at, "branch": "main", "groups": {"fc": [at, 0.1]}})
        for at in range(1, 3001)
    ]
    (folder / GROUPS).write_text("\n".join([*lines, ""]))
    recording = RecordPlayer(folder)
    for place in (2999, 3000):
        recording.go(place)
        course = recording.snapshot().histories[1].grad_norm
        assert len(course) == 512
        assert (course.steps[0], course.steps[-1], course.values[-1]) == (1, place, place)
