"""Medians, quartiles, ratios, and measurement in turns."""

import math

from tuitrain.bench.interleave import NotMeasuredError, interleave
from tuitrain.bench.plan import Plan
from tuitrain.bench.protocol import Cell
from tuitrain.bench.results import Row, Trials, best_other, ratios, spread
from tuitrain.bench.worker import Worker


def row(unit="samples/s", **values) -> Row:
    trials = {name: Trials(values=tuple(numbers)) for name, numbers in values.items()}
    return Row(cell="a cell", unit=unit, subject="ours", trials=trials)


def test_quartiles_are_values_where_possible():
    result = spread([5.0, 1.0, 4.0, 2.0, 3.0])
    assert (result.low, result.median, result.high) == (2.0, 3.0, 4.0)


def test_the_spread_of_one_value_and_of_none():
    assert spread([2.0]).low == spread([2.0]).high == spread([2.0]).median == 2.0
    assert math.isnan(spread([]).median)


def test_the_best_other_has_the_highest_rate_or_the_lowest_time():
    values = {"ours": [9], "fast": [6, 7], "slow": [2, 8]}
    assert best_other(row(**values)) == "fast"
    assert best_other(row("s", **values)) == "slow"


def test_ratios_compare_values_of_one_round():
    assert ratios(row(ours=[10, 30], fast=[5, 10])) == (2.0, 3.0)
    assert ratios(row("s", ours=[1.0, 2.0], fast=[4.0, 1.0])) == (4.0, 0.5)
    assert ratios(row("bytes", ours=[1], fast=[3])) == (3.0,)


def test_a_peer_that_failed_in_a_later_round_is_not_the_best_other():
    mixed = row(ours=[1], steady=[2])
    mixed.trials["broken"] = Trials(values=(50.0,), problem="ended")
    assert best_other(mixed) == "steady"


def test_there_is_no_ratio_without_another_contender():
    assert ratios(row(ours=[1])) == ()
    assert ratios(row(fast=[1])) == ()


def test_every_contender_is_measured_once_per_round():
    turns = []

    def contender(name):
        def measure():
            turns.append(name)
            return float(len(turns)), "by hand"

        return measure

    trials = interleave({name: contender(name) for name in "abc"}, 2)
    assert turns == list("abcabc")
    assert trials["b"] == Trials(values=(2.0, 5.0), variant="by hand")


def test_a_contender_that_fails_is_skipped_and_keeps_its_values():
    turns = []

    def weak():
        turns.append("weak")
        if len(turns) > 1:
            raise NotMeasuredError("no more")
        return 1.0, ""

    trials = interleave({"weak": weak, "strong": lambda: (2.0, "")}, 4)
    assert turns == ["weak", "weak"]
    assert trials["weak"] == Trials(values=(1.0,), problem="no more")
    assert trials["strong"].values == (2.0,) * 4


def test_a_cell_is_measured_in_turns_as_rates(fake, requests):
    progress = []
    plan = Plan(rounds=2, seconds=0.1, on_progress=progress.append)
    with Worker(fake("0.5", "tuitrain")) as ours, Worker(fake("2.0", "slow")) as slow:
        row = plan.compare([ours, slow], "LeNet", Cell(batch=64))
    assert requests() == ["0.5 lenet", "2.0 lenet"] * 2
    assert row.trials["tuitrain"].values == (128.0, 128.0)
    assert ratios(row) == (4.0, 4.0)
    assert progress[-1] == "LeNet: slow, round 2 of 2"


def test_percentiles_are_of_each_round():
    rounds = iter([[3.0, 1.0, 2.0], [*map(float, range(100))]])
    p50, p99 = Plan(rounds=2).percentiles("key", lambda: next(rounds))
    assert p50.trials["tuitrain"].values == (2.0, 50.0)
    assert p99.trials["tuitrain"].values == (3.0, 99.0)


def test_percentiles_of_a_failure_have_its_reason():
    def collect():
        raise NotMeasuredError("the app left nothing")

    for result in Plan(rounds=2).percentiles("key", collect):
        assert result.trials["tuitrain"] == Trials(problem="the app left nothing")
