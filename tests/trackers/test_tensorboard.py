"""TensorBoard reads what is exported for it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.run_folders import left_behind
from tests.trackers.conftest import WHY
from tuitrain.errors import TuitrainError
from tuitrain.records.history import read_history
from tuitrain.tracking.export import export_run


def exported(run: Path, folder: Path) -> dict[str, EventAccumulator]:
    """Return what TensorBoard reads of each branch."""
    export_run(run, {"tensorboard": folder})
    return {path.name: read(path) for path in (folder / run.name).iterdir()}


def read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    return events.Reload()


def texts(events: EventAccumulator, tag: str = "command") -> list[str]:
    """Return the last text of each step, which is the one that TensorBoard shows."""
    known = {event.step: event.tensor_proto.string_val[0] for event in events.Tensors(tag)}
    return [text.decode() for text in known.values()]


def test_each_branch_is_a_run_with_all_its_losses(trained, tmp_path):
    events = exported(trained, tmp_path / "tb")
    history = read_history(trained)
    assert sorted(events) == ["b1", "main"]
    for segment in history.segments:
        loss = segment.branch.loss.series()
        read_back = events[segment.branch.name].Scalars("loss")
        assert [event.step for event in read_back] == loss.steps.tolist()
        assert [event.value for event in read_back] == pytest.approx(loss.values.tolist())


def test_values_of_groups_and_metrics_have_tags(trained, tmp_path):
    events = exported(trained, tmp_path / "tb")["b1"]
    tags = {"loss", "accuracy", "lr/fc", "lr/head", "grad_norm/fc", "update_ratio/head"}
    assert tags <= set(events.Tags()["scalars"])
    assert events.Scalars("lr/head")[-1].value == pytest.approx(0.2)


def test_commands_are_texts(trained, tmp_path):
    events = exported(trained, tmp_path / "tb")
    assert texts(events["main"])[0].startswith("    lr head 0.2\n    applied, by scenario")
    assert events["main"].Tensors("command")[-1].step == 20
    assert "checkpoint one" in texts(events["main"])[0]
    assert "rewind 10" in texts(events["main"])[-1]
    assert texts(events["b1"], "branch")[0].startswith("    b1 continues main from step 10")


def test_checkpoints_have_histograms(trained, tmp_path):
    events = exported(trained, tmp_path / "tb")["main"]
    assert "parameter/fc1.weight" in events.Tags()["histograms"]
    (histogram,) = events.Histograms("parameter/fc1.weight")
    assert histogram.step == 7
    assert histogram.histogram_value.num == 36 * 8


def test_times_lie_between_start_and_end_of_the_run(trained, tmp_path):
    times = [
        event.wall_time for event in exported(trained, tmp_path / "tb")["main"].Scalars("loss")
    ]
    assert times == sorted(times)
    assert times[0] >= (trained / "header.json").stat().st_mtime - 1e-3
    assert times[-1] <= (trained / "journal.jsonl").stat().st_mtime + 1e-3


def test_losses_that_are_not_finite_and_odd_names_are_read(broken, tmp_path):
    events = exported(broken, tmp_path / "tb")["main"]
    assert math.isnan(events.Scalars("loss")[-1].value)
    assert math.isnan(events.Scalars("accuracy")[-1].value)
    assert events.Scalars("val/acc, 100 % — ü")[0].value == 0.25
    assert events.Scalars("grad_norm/fc.1-a")[0].value == 1.5
    assert f"    why: {WHY}" in texts(events)[0]


def test_a_run_without_a_step_is_an_empty_run(tmp_path):
    events = exported(left_behind(tmp_path / "a"), tmp_path / "tb")
    assert events["main"].Tags()["scalars"] == []


def test_event_files_are_not_mixed_with_others(trained, tmp_path):
    export_run(trained, {"tensorboard": tmp_path / "tb"})
    with pytest.raises(TuitrainError, match="has event files already"):
        export_run(trained, {"tensorboard": tmp_path / "tb"})
