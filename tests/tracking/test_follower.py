"""The rows of a run: its branches are whole, and none loses a row of another."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.tracking.collecting import entry, followed, steps
from tuitrain.errors import CommandError
from tuitrain.run.group_metrics import GroupMetrics


def test_a_run_without_history_is_one_branch():
    log, run = followed()
    run.losses(1, [2.0, 1.5])
    run.metrics(2, {"accuracy": 0.5})
    assert [start.name for start in log.starts] == ["main"]
    assert log.curve("main") == [(1, 2.0), (2, 1.5)]
    assert log.curve("main", "accuracy") == [(2, 0.5)]


def test_a_rewind_begins_a_branch_with_the_rows_that_it_shares():
    log, run = followed()
    run.losses(1, [1.0, 2.0, 3.0, 4.0])
    run.command(entry(4, "rewind 2"))
    run.losses(3, [30.0, 40.0, 50.0])
    assert log.curve("main") == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]
    assert log.curve("b1") == [(1, 1.0), (2, 2.0), (3, 30.0), (4, 40.0), (5, 50.0)]
    assert (log.starts[1].parent, log.starts[1].fork) == ("main", 2)
    assert log.texts("main") == [(4, "rewind 2")]
    assert log.texts("b1") == [(2, "b1 continues main from step 2: rewind 2")]


def test_a_branch_that_the_run_returns_to_goes_further():
    log, run = followed()
    run.losses(1, [1.0, 2.0])
    run.command(entry(2, "rewind 1"))
    run.losses(2, [20.0])
    run.command(entry(2, "branch main"))
    run.losses(3, [3.0])
    assert log.curve("main") == [(1, 1.0), (2, 2.0), (3, 3.0)]
    assert log.curve("b1") == [(1, 1.0), (2, 20.0)]
    assert len(log.starts) == 2


def test_a_branch_of_a_branch_has_the_rows_of_both():
    log, run = followed()
    run.losses(1, [1.0, 2.0, 3.0])
    run.command(entry(3, "rewind 1"))
    run.losses(2, [20.0, 30.0])
    run.command(entry(3, "rewind 2"))
    run.losses(3, [300.0])
    assert log.curve("b2") == [(1, 1.0), (2, 20.0), (3, 300.0)]
    assert steps(log.curve("b2")) == sorted(steps(log.curve("b2")))


def test_steps_that_an_undo_retrains_are_a_gap():
    log, run = followed()
    run.losses(1, [1.0, 2.0])
    run.command(entry(2, "lr fc 0.5"))
    run.losses(3, [3.0, 4.0])
    run.command(entry(4, "undo"))
    run.losses(5, [5.0])
    assert steps(log.curve("b1")) == [1, 2, 5]


def test_a_branch_names_the_decisions_at_its_first_step():
    log, run = followed()
    run.losses(1, [1.0])
    run.command(entry(1, "freeze fc"))
    run.command(entry(1, "lr head 0.2"))
    run.losses(2, [2.0])
    run.command(entry(2, "undo"))
    (text,) = (row for row in log.rows["b1"] if getattr(row, "name", "") == "branch")
    assert text.text == "b1 continues main from step 1: undo\nwith freeze fc"


def test_a_refused_command_is_a_text_and_nothing_else():
    log, run = followed()
    run.losses(1, [1.0, 2.0])
    run.command(entry(2, "rewind 1", "refused", why="it was worse"))
    assert len(log.starts) == 1
    assert log.rows["main"][-1].text == (  # type: ignore[union-attr]
        "rewind 1\nrefused, by key: so be it\nwhy: it was worse"
    )


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_nan(value):
    log, run = followed()
    run.losses(1, [value])
    run.metrics(1, {"accuracy": value})
    assert all(math.isnan(row.value) for row in log.rows["main"])  # type: ignore[union-attr]


def test_groups_have_rates_norms_and_ratios_where_they_are_known():
    log, run = followed()
    run.groups(GroupMetrics(3, "main", {"fc": (None, None), "head": (2.0, 0.1)}, {"fc": 0.5}))
    assert log.curve("main", "lr", "fc") == [(3, 0.5)]
    assert log.curve("main", "grad_norm", "head") == [(3, 2.0)]
    assert log.curve("main", "update_ratio", "head") == [(3, 0.1)]
    assert not log.curve("main", "grad_norm", "fc")


def test_arrays_become_histograms_of_their_finite_values():
    log, run = followed()
    values = np.array([0.0, 1.0, 1.0, math.nan, math.inf])
    run.arrays(7, {"w": values, "empty": np.empty(0)}, {"w": np.full(3, math.nan)})
    (histogram,) = log.histograms("main")
    assert (histogram.step, histogram.name, histogram.parameter) == (7, "parameter", "w")
    assert (histogram.edges[0], histogram.edges[-1], sum(histogram.counts)) == (0.0, 1.0, 3)


def test_shared_rows_keep_their_times():
    log, run = followed()
    run.losses(1, [1.0, 2.0])
    run.command(entry(2, "rewind 1"))
    assert log.times["b1"][0] == log.times["main"][0]


def test_a_command_that_cannot_have_been_applied_is_an_error():
    _, run = followed()
    with pytest.raises(CommandError, match="no branch 'b7'"):
        run.command(entry(1, "branch b7"))
