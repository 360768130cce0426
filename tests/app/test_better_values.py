"""The marks of the better value, where runs and branches are compared."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tuitrain.app.renderables.tables.branch_tree import branch_rows
from tuitrain.app.renderables.tables.past_runs import comparison_rows
from tuitrain.metric_info import ACCURACY, BUILT_IN_METRICS, MetricInfo
from tuitrain.run.snapshot import Series

from .fake import branched

MAE = BUILT_IN_METRICS["mae"]
RUNS = [("now", 0.5, 0.25), ("A", 0.25, 0.75), ("B", math.nan, math.nan)]


@pytest.mark.parametrize(
    ("info", "values", "best"),
    [
        (ACCURACY, [0.5, 0.9], 0.9),
        (MAE, [0.5, 0.9], 0.5),
        (ACCURACY, [math.nan, 0.5, 0.7], 0.7),
        (ACCURACY, [0.5], None),
        (ACCURACY, [0.5, 0.5], None),
        (MAE, [math.nan, 0.5], None),
        (MAE, [], None),
    ],
)
def test_the_best_value_is_the_one_that_the_metric_says(info, values, best):
    assert info.best(values) == best


@pytest.mark.parametrize(("metric", "best"), [(ACCURACY, 1), (MAE, 0)])
@pytest.mark.parametrize("to_first", [True, False])
def test_the_best_of_compared_runs_are_marked(metric, best, to_first):
    rows = comparison_rows(RUNS, 70, to_first, metric)[1:]
    at = 3 if to_first else 2
    for index, row in enumerate(rows):
        assert ("★" in row[1][0]) == (index == 1), "the loss"
        assert ("★" in row[at][0]) == (index == best), "the metric"


def test_a_difference_is_colored_as_better_or_worse():
    def roles(metric: MetricInfo) -> list[str]:
        row = comparison_rows(RUNS, 70, to_first=True, metric=metric)[2]
        return [role for _, role in row]

    assert roles(ACCURACY) == ["strong", "text", "good", "text", "good"]
    assert roles(MAE) == ["strong", "text", "good", "text", "bad"]
    unknown = comparison_rows(RUNS, 70, to_first=True, metric=MAE)[3]
    assert [role for _, role in unknown] == ["strong", "text", "text", "text", "text"]


@pytest.mark.parametrize(("name", "best"), [("accuracy", "b2"), ("mae", "main")])
def test_the_branch_with_the_best_last_value_is_marked(name, best):
    shown = branched()
    numbers = {"main": 0.2, "b1": 0.5, "b2": 0.9}

    def measured(branch: str) -> dict[str, Series]:
        return {name: Series(np.array([10]), np.array([numbers[branch]]))}

    info = replace(shown.info, metrics=(BUILT_IN_METRICS[name],))
    branches = tuple(replace(branch, metrics=measured(branch.name)) for branch in shown.branches)
    shown = replace(shown, info=info, branches=branches, metrics=measured(shown.branch))
    rows = branch_rows(shown)
    assert [row.name for row in rows if "★" in row.text] == [best]
    assert len({len(row.text) for row in rows}) == 1, "they are aligned"
