"""Goals: every one is about cells that are measured, and is judged by the median."""

import pytest

from tuitrain.bench import parts
from tuitrain.bench.goals import GOALS, goal_of, judged, standings
from tuitrain.bench.plan import Plan
from tuitrain.bench.results import Part, Report, Row, Trials

PLAN = Plan(threads=(1, 2))
CELLS = [(each.name, cell) for each in parts.choose([]) for cell in each.cells(PLAN)]


def row(cell, ours, other=(), unit="samples/s", expected=None):
    trials = {"ours": Trials(values=tuple(ours))}
    trials |= {"other": Trials(values=tuple(other))} if other else {}
    return Row(cell=cell, unit=unit, subject="ours", trials=trials, expected=expected)


@pytest.mark.parametrize("goal", GOALS, ids=lambda each: each.title)
def test_a_goal_is_about_cells_that_are_measured(goal):
    assert any(goal.applies(*each) for each in CELLS)


def test_no_cell_has_two_goals():
    for each in CELLS:
        assert sum(goal.applies(*each) for goal in GOALS) <= 1


@pytest.mark.parametrize(
    ("part", "cell", "wanted"),
    [
        ("throughput", "LeNet, adam, B=1, 2 threads", "≥ 6"),
        ("throughput", "LeNet, sgd, B=256, 1 thread", "≥ 6"),
        ("throughput", "MLP, sgd, B=1, 2 threads", "≥ 2"),
        ("throughput", "MLP, adam, B=32, 1 thread", "≥ 1.2"),
        ("throughput", "MLP, adam, B=32, 2 threads", "≥ 1.5"),
        ("throughput", "ResNet-8, sgd, B=64, 2 threads", "≥ 1.2"),
        ("optimizer", "40M parameters, 2 threads", "≥ 1"),
        ("start", "the app's first step, empty cache", "< 8 s"),
        ("start", "first step of LeNet, warm", "< 1.2 s"),
        ("screen", "MLP, B=64, 1 thread", "≥ 0.95"),
        ("screen", "MLP, B=64, 2 threads", "≥ 0.85"),
        ("latency", "key to answer on the screen, p99", "< 100 ms"),
        ("lateness", "timer of 10 ms, 2 threads, p99", "< 20 ms"),
    ],
)
def test_the_goals_are_those_that_were_set(part, cell, wanted):
    assert (part, cell) in CELLS
    assert goal_of(part, cell).wanted == wanted


@pytest.mark.parametrize(
    ("part", "measured", "goal", "met"),
    [
        ("throughput", row("LeNet, sgd, B=64, 1 thread", [5, 6, 9], [1, 1, 1]), "≥ 6", True),
        ("throughput", row("LeNet, sgd, B=64, 1 thread", [5, 5.9, 9], [1, 1, 1]), "≥ 6", False),
        ("throughput", row("LeNet, sgd, B=64, 1 thread", [5]), "≥ 6", None),
        ("throughput", row("CNN, sgd, B=64, 1 thread", [5], [1]), "", None),
        ("lateness", row("timer, p99", [0.01, 0.03], unit="s"), "< 20 ms", True),
        ("lateness", row("timer, p99", [0.021], unit="s"), "< 20 ms", False),
        ("lateness", row("timer, p99", [], unit="s"), "< 20 ms", None),
        ("lateness", row("timer, p50", [1], unit="s"), "", None),
        ("freeze", row("some", [1], [1.81], "s", expected=2.0), "≥ 1.80", True),
        ("freeze", row("some", [1], [1.79], "s", expected=2.0), "≥ 1.80", False),
    ],
)
def test_a_row_is_judged_by_its_median(part, measured, goal, met):
    found = judged(part, measured)
    assert (found.goal, found.met) == (goal, met)


def test_a_standing_counts_cells_and_names_the_one_that_is_furthest_away():
    rows = [
        row(f"LeNet, sgd, B={batch}, 1 thread", [ours], [1])
        for batch, ours in ((32, 7), (64, 3), (256, 4))
    ]
    report = Report(
        date="2026-01-02",
        quick=False,
        rounds=1,
        machine={},
        not_installed=(),
        parts=(Part("throughput", "Training", tuple(rows)),),
    )
    found = {each.goal.title: each for each in standings(report)}
    lenet = found["LeNet, B=32 and more"]
    assert (lenet.met, lenet.measured, lenet.furthest) == (1, 3, rows[1])
    assert found["LeNet, B=1"].furthest is None
