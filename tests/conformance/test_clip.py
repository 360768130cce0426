"""Clipping: of trained parameters, over all groups together, until it is ended."""

import numpy as np
import pytest

from tests.conformance.probes import do, gradient_norm, members, train


def test_the_norm_of_all_groups_together_is_bounded(engine):
    do(engine, "clip norm 0.001")
    train(engine, 1)
    assert gradient_norm(engine, [*engine.parameters()]) == pytest.approx(0.001, rel=1e-4)
    assert gradient_norm(engine, members(engine, "fc")) < 0.001


def test_frozen_parameters_do_not_count_in_the_norm(engine):
    train(engine, 2)
    do(engine, "freeze conv")
    do(engine, "clip norm 0.001")
    train(engine, 1)
    assert gradient_norm(engine, members(engine, "fc")) == pytest.approx(0.001, rel=1e-4)


def test_clipping_by_norm_keeps_the_direction(make_engine):
    clipped, free = make_engine(), make_engine()
    do(clipped, "clip norm 0.01")
    train(clipped, 1)
    train(free, 1)
    names = [*free.parameters()]
    scale = 0.01 / gradient_norm(free, names)
    for name in names:
        np.testing.assert_allclose(
            clipped.gradient(name), free.gradient(name) * scale, rtol=1e-3, atol=1e-9
        )


def test_each_value_is_bounded(engine):
    do(engine, "clip value 0.0001")
    train(engine, 1)
    assert max(np.abs(engine.gradient(name)).max() for name in engine.parameters()) <= 1.0001e-4


def test_a_limit_above_the_norm_changes_no_bit(make_engine):
    engine, free = make_engine(), make_engine()
    do(engine, "clip norm 100000")
    assert train(engine, 3) == train(free, 3)
    assert engine.digest() == free.digest()


def test_one_way_of_clipping_replaces_the_other_until_it_is_off(engine):
    do(engine, "clip norm 0.001")
    assert not do(engine, "clip norm 0.001").changed
    do(engine, "clip value 0.0001")
    train(engine, 1)
    assert max(np.abs(engine.gradient(name)).max() for name in engine.parameters()) <= 1.0001e-4
    assert do(engine, "clip off").changed
    assert not do(engine, "clip off").changed
    train(engine, 1)
    assert gradient_norm(engine, members(engine, "fc")) > 1e-2


def test_clipping_is_part_of_the_state(make_engine):
    engine, other = make_engine(), make_engine()
    do(engine, "clip norm 0.001")
    other.load_state(engine.state())
    train(other, 1)
    assert gradient_norm(other, [*other.parameters()]) == pytest.approx(0.001, rel=1e-4)


def test_the_update_is_that_of_the_clipped_gradient(engine):
    do(engine, "optimizer * sgd momentum=0 weight_decay=0 state=reset")
    do(engine, "lr * 0.5")
    do(engine, "clip norm 0.001")
    before = {name: array.copy() for name, array in engine.parameters().items()}
    train(engine, 1)
    moved = [((engine.parameters()[name] - before[name]) ** 2).sum() for name in before]
    assert 0 < sum(moved) ** 0.5 <= 0.5 * 0.001 * 1.01


@pytest.mark.parametrize("clip", ["clip norm 0.05", "clip value 0.001", "clip norm 1000"])
@pytest.mark.parametrize("threads", ["1", "3"])
def test_a_clipped_burst_has_the_bits_of_its_steps_one_by_one(
    make_engine, monkeypatch, clip, threads
):
    one_by_one = make_engine()
    monkeypatch.setenv("TUITRAIN_THREADS", threads)
    engine = make_engine()
    for item in (engine, one_by_one):
        do(item, clip)
        do(item, "optimizer fc adam")
        train(item, 2)
        do(item, "freeze conv")
    losses = [one_by_one.run(1, lambda: False, lambda _: False)[0] for _ in range(9)]
    assert train(engine, 9) == losses
    assert engine.digest() == one_by_one.digest()
    assert [repr(item) for item in engine.groups()] == [repr(e) for e in one_by_one.groups()]
