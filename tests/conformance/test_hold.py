"""Holding a step: its gradients are known, its update is not applied, and no state has changed."""

import math

import pytest

from tests.conformance.probes import buffers, do, gradient_norm, members, poison, train, whole


def hold(engine, held=lambda pending: True) -> list[float]:
    return list(engine.run(5, lambda: False, held))


def test_a_held_step_changes_nothing(make_engine):
    engine, alike = make_engine(), make_engine()
    for item in (engine, alike):
        train(item, 3)
    before, statistics = whole(engine), buffers(engine)
    assert hold(engine) == []
    assert (whole(engine), buffers(engine)) == (before, statistics)
    assert train(engine, 4) == train(alike, 4)
    assert engine.digest() == alike.digest()


def test_a_hold_check_changes_no_bit(make_engine):
    engine, alike = make_engine(), make_engine()
    losses = []

    def look(pending) -> bool:
        losses.append(pending.loss)
        pending.find_non_finite()
        pending.grad_norm("fc")
        return False

    assert hold(engine, look) == train(alike, 5) == losses
    assert engine.digest() == alike.digest()


def test_a_burst_returns_the_steps_before_the_held_one(make_engine):
    engine, alike = make_engine(), make_engine()
    answers = iter([False, False, True])
    assert hold(engine, lambda pending: next(answers)) == train(alike, 2)
    assert (engine.step, engine.digest()) == (2, alike.digest())


def test_the_gradients_of_a_held_step_can_be_read(engine):
    norms = {}

    def note(pending) -> bool:
        norms.update({name: pending.grad_norm(name) for name in ("conv", "fc", "absent")})
        return True

    do(engine, "freeze conv")
    hold(engine, note)
    assert norms["fc"] == pytest.approx(gradient_norm(engine, members(engine, "fc")), rel=1e-5)
    assert (norms["conv"], norms["absent"]) == (0, 0)
    assert engine.gradient("conv.weight") is None


def test_a_gradient_that_is_not_finite_is_named_before_the_update(engine):
    train(engine, 2)
    result = []

    def look(pending) -> bool:
        result.append((math.isfinite(pending.loss), pending.find_non_finite()))
        return bool(pending.find_non_finite())

    assert len(hold(engine, look)) == 5
    assert result == [(True, "")] * 5
    poison(engine, "head.bias")
    before = whole(engine)
    assert hold(engine, look) == []
    assert result[-1][0] is False
    assert result[-1][1] in engine.parameters()
    assert whole(engine) == before
