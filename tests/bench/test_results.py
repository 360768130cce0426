"""Figures: medians, quartiles, ratios, and in whose turn they were measured."""

import math

from tuitrain.bench.interleave import NotMeasuredError, interleaved
from tuitrain.bench.plan import Plan
from tuitrain.bench.protocol import Cell
from tuitrain.bench.results import Row, Trials, best_other, ratios, spread
from tuitrain.bench.worker import Worker


def row(unit="samples/s", **values) -> Row:
    trials = {name: Trials(values=tuple(each)) for name, each in values.items()}
    return Row(cell="a cell", unit=unit, subject="ours", trials=trials)


def test_quartiles_lie_on_the_values_where_they_can():
    found = spread([5.0, 1.0, 4.0, 2.0, 3.0])
    assert (found.low, found.median, found.high) == (2.0, 3.0, 4.0)


def test_one_value_is_its_own_quartiles_and_none_is_nan():
    assert spread([2.0]).low == spread([2.0]).high == spread([2.0]).median == 2.0
    assert math.isnan(spread([]).median)


def test_the_best_other_has_the_highest_rate_or_the_lowest_time():
    values = {"ours": [9], "fast": [6, 7], "slow": [2, 8]}
    assert best_other(row(**values)) == "fast"
    assert best_other(row("s", **values)) == "slow"


def test_ratios_compare_values_of_one_round_and_more_is_better():
    assert ratios(row(ours=[10, 30], fast=[5, 10])) == (2.0, 3.0)
    assert ratios(row("s", ours=[1.0, 2.0], fast=[4.0, 1.0])) == (4.0, 0.5)
    assert ratios(row("bytes", ours=[1], fast=[3])) == (3.0,)


def test_a_peer_that_failed_on_the_way_is_not_the_best():
    mixed = row(ours=[1], steady=[2])
    mixed.trials["broken"] = Trials(values=(50.0,), problem="ended")
    assert best_other(mixed) == "steady"


def test_there_is_no_ratio_without_another():
    assert ratios(row(ours=[1])) == ()
    assert ratios(row(fast=[1])) == ()


def test_everyone_has_a_turn_before_anyone_has_another():
    turns = []

    def contender(name):
        def measure():
            turns.append(name)
            return float(len(turns)), "by hand"

        return measure

    found = interleaved({name: contender(name) for name in "abc"}, 2)
    assert turns == list("abcabc")
    assert found["b"] == Trials(values=(2.0, 5.0), variant="by hand")


def test_who_fails_is_left_out_of_later_rounds_and_keeps_its_values():
    turns = []

    def weak():
        turns.append("weak")
        if len(turns) > 1:
            raise NotMeasuredError("no more")
        return 1.0, ""

    found = interleaved({"weak": weak, "strong": lambda: (2.0, "")}, 4)
    assert turns == ["weak", "weak"]
    assert found["weak"] == Trials(values=(1.0,), problem="no more")
    assert found["strong"].values == (2.0,) * 4


def test_a_cell_is_measured_in_turns_and_told_as_rates(fake, asked):
    told = []
    plan = Plan(rounds=2, seconds=0.1, tell=told.append)
    with Worker(fake("0.5", "tuitrain")) as ours, Worker(fake("2.0", "slow")) as slow:
        found = plan.compare([ours, slow], "LeNet", Cell(batch=64))
    assert asked() == ["0.5 lenet", "2.0 lenet"] * 2
    assert found.trials["tuitrain"].values == (128.0, 128.0)
    assert ratios(found) == (4.0, 4.0)
    assert told[-1] == "LeNet: slow, round 2 of 2"


def test_percentiles_are_of_each_round():
    rounds = iter([[3.0, 1.0, 2.0], [*map(float, range(100))]])
    p50, p99 = Plan(rounds=2).percentiles("key", lambda: next(rounds))
    assert p50.trials["tuitrain"].values == (2.0, 50.0)
    assert p99.trials["tuitrain"].values == (3.0, 99.0)


def test_percentiles_of_what_fails_say_why():
    def collect():
        raise NotMeasuredError("the app left nothing")

    for each in Plan(rounds=2).percentiles("key", collect):
        assert each.trials["tuitrain"] == Trials(problem="the app left nothing")
