"""Goals: each applies to measured cells, and is judged by the median."""

import pytest

from tuitrain.bench import parts
from tuitrain.bench.goals import GOALS, find_goal, goal_results, with_goal
from tuitrain.bench.plan import Plan
from tuitrain.bench.results import Part, Report, Row, Trials

PLAN = Plan(threads=(1, 2))
CELLS = [(part.name, cell) for part in parts.PARTS for cell in part.cells(PLAN)]


def row(cell, values, other=(), unit="samples/s", expected=None):
    trials = {"ours": Trials(values=tuple(values))}
    trials |= {"other": Trials(values=tuple(other))} if other else {}
    return Row(cell=cell, unit=unit, subject="ours", trials=trials, expected=expected)


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.title)
def test_a_goal_applies_to_a_measured_cell(goal):
    assert any(goal.applies(*cell) for cell in CELLS)


def test_no_cell_has_two_goals():
    for cell in CELLS:
        assert sum(goal.applies(*cell) for goal in GOALS) <= 1


@pytest.mark.parametrize(
    ("part", "cell", "target"),
    [
        ("throughput", "LeNet, adam, B=1, 2 threads", "≥ 6"),
        ("throughput", "LeNet, sgd, B=256, 1 thread", "≥ 6"),
        ("throughput", "MLP, sgd, B=1, 2 threads", "≥ 2"),
        ("throughput", "MLP, adam, B=32, 1 thread", "≥ 1.2"),
        ("throughput", "MLP, adam, B=32, 2 threads", "≥ 1.5"),
        ("throughput", "ResNet-8, sgd, B=64, 2 threads", "≥ 1.3"),
        ("throughput", "CNN, adam, B=1, 2 threads", "≥ 2.5"),
        ("growth", "LeNet of 24 and 64 channels, B=64", "≥ 1.3"),
        ("optimizer", "40M parameters, 2 threads", "≥ 1"),
        ("start", "the app's first step, empty cache", "< 8 s"),
        ("start", "first step of LeNet, warm", "< 1.2 s"),
        ("screen", "MLP, B=64, 1 thread", "≥ 0.95"),
        ("screen", "MLP, B=64, 2 threads", "≥ 0.88"),
        ("latency", "key to answer on the screen, p99", "< 100 ms"),
        ("lateness", "timer of 10 ms, 2 threads, p99", "< 20 ms"),
    ],
)
def test_the_targets_of_the_goals(part, cell, target):
    assert (part, cell) in CELLS
    assert find_goal(part, cell).target_text == target


@pytest.mark.parametrize(
    ("part", "measured", "goal", "met"),
    [
        ("throughput", row("LeNet, sgd, B=64, 1 thread", [5, 6, 9], [1, 1, 1]), "≥ 6", True),
        ("throughput", row("LeNet, sgd, B=64, 1 thread", [5, 5.9, 9], [1, 1, 1]), "≥ 6", False),
        ("throughput", row("LeNet, sgd, B=64, 1 thread", [5]), "≥ 6", None),
        ("throughput", row("CNN, sgd, B=64, 1 thread", [5], [2]), "≥ 2.5", True),
        ("lateness", row("timer, p99", [0.01, 0.03], unit="s"), "< 20 ms", True),
        ("lateness", row("timer, p99", [0.021], unit="s"), "< 20 ms", False),
        ("lateness", row("timer, p99", [], unit="s"), "< 20 ms", None),
        ("lateness", row("timer, p50", [1], unit="s"), "", None),
        (
            "freeze",
            row("LeNet, 2 of 5 layers frozen", [1], [1.91], "s", expected=2.0),
            "≥ 1.90",
            True,
        ),
        (
            "freeze",
            row("LeNet, 2 of 5 layers frozen", [1], [1.89], "s", expected=2.0),
            "≥ 1.90",
            False,
        ),
    ],
)
def test_a_row_is_judged_by_its_median(part, measured, goal, met):
    judged = with_goal(part, measured)
    assert (judged.goal, judged.met) == (goal, met)


def test_a_goal_result_counts_cells_and_has_the_furthest_row():
    rows = [
        row(f"LeNet, sgd, B={batch}, 1 thread", [value], [1])
        for batch, value in ((32, 7), (64, 3), (256, 4))
    ]
    report = Report(
        date="2026-01-02",
        quick=False,
        rounds=1,
        machine={},
        not_installed=(),
        parts=(Part("throughput", "Training", tuple(rows)),),
    )
    results = {result.goal.title: result for result in goal_results(report)}
    lenet = results["LeNet, B=32 and more"]
    assert (lenet.met, lenet.measured, lenet.furthest) == (1, 3, rows[1])
    assert results["LeNet, B=1"].furthest is None
