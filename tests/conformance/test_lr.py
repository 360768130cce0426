"""Learning rates: each group has its own, and 0 keeps weights without freezing them."""

import math

import pytest

from tests.conformance.probes import (
    do,
    give,
    group,
    lr,
    members,
    memory,
    poison,
    train,
    updates,
    weights,
)


def test_an_lr_of_zero_keeps_weights_but_updates_gradients_and_state(engine, rule):
    give(engine, "fc", rule)
    train(engine, 3)
    do(engine, "lr fc 0")
    names = members(engine, "fc")
    before, state = weights(engine, names), memory(engine, names)
    train(engine, 3)
    assert weights(engine, names) == before
    assert updates(engine, names) == [6] * len(names)
    assert all(memory(engine, [name])[name] != state[name] for name in names)
    assert all(engine.gradient(name) is not None for name in names)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_lr_of_zero_keeps_weights_with_a_gradient_that_is_not_finite(engine, rule, value):
    give(engine, "conv", rule)
    train(engine, 2)
    do(engine, "lr conv 0")
    poison(engine, "head.bias", value)
    names = members(engine, "conv")
    before = weights(engine, names)
    losses = train(engine, 2)
    assert not any(map(math.isfinite, losses))
    assert any(math.isnan(item) for item in engine.gradient("conv.weight").ravel())
    assert weights(engine, names) == before


def test_an_lr_of_zero_is_not_shown_as_frozen(engine):
    do(engine, "lr fc 0")
    train(engine, 1)
    assert group(engine, "fc").frozen_since is None
    assert group(engine, "fc").update_ratio == 0
    assert group(engine, "fc").grad_norm > 0


def test_an_lr_changes_only_its_group(make_engine):
    engine, alike = make_engine(), make_engine()
    do(engine, "lr fc 0.5")
    assert (lr(engine, "fc"), lr(engine, "conv")) == (0.5, 0.1)
    for item in (engine, alike):
        train(item, 1)
    names = members(engine, "conv")
    assert weights(engine, names) == weights(alike, names)
    assert memory(engine, names) == memory(alike, names)
    assert weights(engine)["fc.weight"] != weights(alike)["fc.weight"]


def test_a_glob_sets_the_lr_of_all_groups(engine):
    do(engine, "lr * 0.3")
    assert (lr(engine, "conv"), lr(engine, "fc")) == (0.3, 0.3)
    do(engine, "lr c* x2")
    assert (lr(engine, "conv"), lr(engine, "fc")) == (0.6, 0.3)


def test_an_lr_acts_on_the_next_step(make_engine):
    still, moving = make_engine(), make_engine()
    before = weights(still, ["fc.weight"])
    for text in ("lr fc 0", "lr fc 0.02", "lr fc 0"):
        do(still, text)
    train(still, 1)
    train(moving, 1)
    assert weights(still, ["fc.weight"]) == before != weights(moving, ["fc.weight"])


def test_an_lr_command_changes_no_weight_and_no_state(engine):
    train(engine, 2)
    before = engine.digest()
    for text in ("lr fc 0.5", "lr * x0.1", "decay conv over 4 steps", "clip norm 1", "freeze conv"):
        assert do(engine, text).changed
        assert engine.digest() == before


def test_a_manual_lr_ends_a_schedule_and_says_so(engine):
    do(engine, "decay conv over 4 epochs")
    change = do(engine, "lr conv 0.2")
    assert "ends" in change.message
    assert group(engine, "conv").schedule == "constant"
    train(engine, 2 * engine.steps_per_epoch)
    assert lr(engine, "conv") == 0.2


def test_scaling_multiplies_the_coming_rates_of_a_schedule(engine):
    do(engine, "decay conv over 4 steps")
    train(engine, 2)
    change = do(engine, "lr conv x0.5")
    assert "goes on" in change.message
    assert lr(engine, "conv") == 0.05 * (1 - 2 / 4)
    train(engine, 1)
    assert lr(engine, "conv") == 0.05 * (1 - 3 / 4)
