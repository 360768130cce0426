"""The history of a record: branches, segments, moments, and gaps."""

from __future__ import annotations

import numpy as np
import pytest

from tests.run_folders import SCENARIO, accuracy, command, left_behind, loss_at, losses, wandered
from tuitrain.errors import TuitrainError
from tuitrain.records.history import read_history


def walked(folder):
    """Return line and step of every moment."""
    history = read_history(folder)
    moments = [history.moment(index) for index in range(len(history))]
    return history, [(history.segments[item.segment].branch.name, item.step) for item in moments]


def test_a_run_without_history_commands_is_one_segment(tmp_path):
    folder = left_behind(tmp_path / "a", (), [losses(1, 3), losses(4, 5), accuracy(5, 0.5)])
    history, moments = walked(folder)
    assert moments == [("main", step) for step in range(6)]
    assert history.segments[0].branch.loss.series().values.tolist() == [
        loss_at(n) for n in range(1, 6)
    ]
    assert history.segments[0].branch.metrics.series()["accuracy"].values.tolist() == [0.5]


def test_a_run_without_a_step_has_one_moment(tmp_path):
    assert walked(left_behind(tmp_path / "a"))[1] == [("main", 0)]


def test_moments_follow_the_run_back(tmp_path):
    _, moments = walked(wandered(tmp_path / "a"))
    assert moments[:51] == [("main", step) for step in range(51)]
    assert moments[51:92] == [("b1", step) for step in range(30, 71)]
    assert moments[92:] == [("b2", step) for step in range(70, 101)]


def test_a_new_branch_has_the_shared_part_of_its_parent(tmp_path):
    history, _ = walked(wandered(tmp_path / "a"))
    b1 = history.segments[1].branch.loss_until(40)
    assert b1.values[:30].tolist() == [loss_at(n, 0.5) for n in range(1, 31)]
    assert b1.values[30:].tolist() == [loss_at(n, 0.2) for n in range(31, 41)]


def test_steps_retrained_by_an_undo_are_a_gap(tmp_path):
    history, _ = walked(wandered(tmp_path / "a"))
    loss = history.segments[2].branch.loss.series()
    known = loss.steps[np.isfinite(loss.values)]
    assert known.tolist() == [*range(1, 41), *range(71, 101)]
    assert np.isnan(loss.values[40])
    assert loss.steps[40] == 41
    assert history.segments[2].branch.loss_until(70).steps[-1] == 40


def test_decisions_are_known_from_their_step_on(tmp_path):
    history, moments = walked(wandered(tmp_path / "a"))

    def decided(line, step):
        at = history.moment(moments.index((line, step)))
        return [item.command for item in history.decisions_at(at)]

    assert decided("main", 19) == []
    assert decided("main", 20) == ["lr fc 0.5"]
    assert decided("b1", 30) == ["lr fc 0.5"]
    assert decided("b1", 40) == ["lr fc 0.5", "freeze conv"]
    assert decided("b2", 70) == ["lr fc 0.5"]


def test_a_moment_has_the_journal_up_to_it(tmp_path):
    history, moments = walked(wandered(tmp_path / "a"))

    def known(line, step):
        return history.known_entries(history.moment(moments.index((line, step))))

    assert [known("main", step) for step in (19, 20, 50)] == [0, 1, 1]
    assert [known("b1", step) for step in (30, 39, 40, 70)] == [2, 2, 3, 3]
    assert [known("b2", step) for step in (70, 89, 90, 100)] == [4, 4, 5, 5]


def test_moments_of_commands_are_found(tmp_path):
    history, moments = walked(wandered(tmp_path / "a"))
    result = [moments[at] for at in history.command_moments()]
    assert result == [("main", 20), ("b1", 30), ("b1", 40), ("b2", 70), ("b2", 90)]


def test_returning_to_a_branch_continues_where_it_was_left(tmp_path):
    journal = [command(50, "rewind 30"), command(40, "branch main")]
    metrics = [losses(1, 50), losses(31, 40, 0.2), losses(51, 60)]
    history, moments = walked(left_behind(tmp_path / "a", journal, metrics))
    assert moments[-11:] == [("main", step) for step in range(50, 61)]
    assert len(history.segments[2].branch.loss) == 60


def test_adopting_a_tried_branch_leaves_a_gap(tmp_path):
    journal = [command(20, "try lr fc x0.1, x1 for 10 steps"), command(20, "branch b2")]
    metrics = [losses(1, 20), losses(31, 40)]
    history, moments = walked(left_behind(tmp_path / "a", journal, metrics))
    assert moments[-1] == ("b2", 40)
    series = history.segments[1].branch.loss.series()
    assert series.steps[np.isfinite(series.values)].tolist() == [*range(1, 21), *range(31, 41)]


def test_a_rewind_to_a_checkpoint_is_followed(tmp_path):
    journal = [command(10, "checkpoint good"), command(30, "rewind good")]
    _, moments = walked(left_behind(tmp_path / "a", journal, [losses(1, 30), losses(11, 12)]))
    assert moments[-3:] == [("b1", 10), ("b1", 11), ("b1", 12)]


def test_an_incomplete_last_line_is_skipped(tmp_path):
    folder = left_behind(tmp_path / "a", (), [losses(1, 5)])
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"event":"loss","st')
    assert walked(folder)[1][-1] == ("main", 5)


@pytest.mark.parametrize(
    ("journal", "metrics", "output"),
    [
        ([command(5, "branch nowhere")], [], "journal.jsonl: the record is damaged"),
        ([command(5, "rewind nowhere")], [], "journal.jsonl: the record is damaged"),
        ([command(5, "rewind 3"), command(6, "branch b9")], [], "no branch 'b9'; there were main"),
        ([command(5, "redo")], [], "step 5: 'redo': nothing had been undone"),
        ([command(5, "dance")], [], "journal.jsonl, line 1: unknown command 'dance'"),
        (
            [{"event": "command", "step": "five"}],
            [],
            "journal.jsonl, line 1: expected a whole number",
        ),
        ([], [{"event": "loss", "step": 1, "loss": "low"}], "metrics.jsonl, line 1"),
    ],
)
def test_a_damaged_record_is_one_error(tmp_path, journal, metrics, output):
    folder = left_behind(tmp_path / "a", journal, metrics)
    with pytest.raises(TuitrainError, match=output):
        read_history(folder)


def test_the_synthetic_scenario_is_valid(tmp_path):
    from tuitrain.scenario.verify import read_scenario

    _, scenario = read_scenario(left_behind(tmp_path / "a"))
    assert scenario.name == SCENARIO["name"]
