"""Bursts: the number of steps in a burst changes only the time."""

import pytest

from tests.conformance.probes import RULES, do, train


def total(engine, pieces) -> list[float]:
    return [loss for steps in pieces for loss in train(engine, steps)]


@pytest.mark.parametrize("pieces", [[1] * 9, [9], [2, 5, 2], [8, 1]], ids=str)
def test_the_length_of_bursts_changes_no_bit(make_engine, pieces):
    engine, other = make_engine(), make_engine()
    for item in (engine, other):
        do(item, "decay fc over 7 steps")
        do(item, "optimizer conv adam")
    assert total(engine, [4, 5]) == total(other, pieces)
    assert engine.digest() == other.digest()
    assert engine.state().random == other.state().random
    assert [repr(item) for item in engine.groups()] == [repr(item) for item in other.groups()]


def test_every_rule_takes_the_same_step_alone_and_in_a_burst(make_engine, rule):
    engine, other = make_engine(), make_engine()
    for item in (engine, other):
        do(item, f"optimizer * {rule} {RULES[rule]}")
    assert total(engine, [6]) == total(other, [1] * 6)
    assert engine.digest() == other.digest()


def test_a_holdable_step_has_the_bits_of_an_ordinary_step(make_engine):
    engine, other = make_engine(), make_engine()
    held = [other.run(1, lambda: False, lambda _: False)[0] for _ in range(5)]
    assert train(engine, 5) == held
    assert engine.digest() == other.digest()


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_the_number_of_threads_changes_no_bit(make_engine, monkeypatch, threads):
    engine = make_engine()
    monkeypatch.setenv("TUITRAIN_THREADS", threads)
    other = make_engine()
    assert train(engine, 30) == train(other, 30)
    assert engine.digest() == other.digest()


@pytest.mark.parametrize("hold", [None, lambda _: False], ids=["free", "held"])
def test_an_interrupt_between_two_runs_ends_the_first_burst_of_the_next(make_engine, hold):
    engine, other = make_engine(), make_engine()
    losses = train(engine, 12)
    engine.interrupt()
    looks: list[int] = []
    losses += engine.run(8, lambda: looks.append(engine.step) or False, hold)
    assert looks[0] <= 14  # a native burst may take one step more
    assert losses == train(other, 20)
    assert engine.digest() == other.digest()


def test_an_interrupted_run_ends_at_a_boundary_and_can_continue(make_engine):
    engine, other = make_engine(), make_engine()
    losses = list(engine.run(10, lambda: engine.interrupt() or True))
    assert 1 <= len(losses) <= 10
    assert engine.step == len(losses)
    losses += train(engine, 20 - len(losses)) if len(losses) < 20 else []
    assert losses == train(other, 20)
    assert engine.digest() == other.digest()
