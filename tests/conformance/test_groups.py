"""Groups: each parameter in exactly one, and its optimizer state follows its name."""

import math

import pytest

from tests.conformance.probes import (
    do,
    give,
    gradient_norm,
    group,
    lr,
    members,
    memory,
    train,
    updates,
    weights,
)

LAYERS = ("conv", "fc", "head", "norm")
NAMES = [f"{layer}.{kind}" for layer in LAYERS for kind in ("bias", "weight")]


def test_the_groups_hold_each_parameter_exactly_once(engine):
    held = [row.name for item in engine.groups() for row in item.parameters]
    assert sorted(held) == sorted(engine.parameters()) == NAMES
    assert sorted(members(engine, "conv")) == [*NAMES[:2], *NAMES[-2:]]
    for item in engine.groups():
        assert {engine.group_of(row.name) for row in item.parameters} == {item.name}
        assert item.size == sum(row.size for row in item.parameters)


def test_a_regroup_keeps_weights_and_optimizer_state(make_engine):
    moved, alike = make_engine(), make_engine()
    for engine in (moved, alike):
        train(engine, 4)
    assert do(moved, "group top = head.*").changed
    assert sorted(members(moved, "top")) == ["head.bias", "head.weight"]
    assert "head.bias" not in members(moved, "fc")
    assert moved.digest() == alike.digest()
    train(moved, 4)
    train(alike, 4)
    assert moved.digest() == alike.digest()


def test_optimizer_state_follows_the_name_not_the_index(engine, rule):
    give(engine, "*", rule)
    train(engine, 3)
    before = memory(engine, NAMES)
    for text in ("group a = head.* conv.weight", "group b = *.bias", "group a = *"):
        do(engine, text)
        assert memory(engine, NAMES) == before
        assert updates(engine, NAMES) == [3] * len(NAMES)


def test_step_counters_follow_the_name_without_other_state(engine):
    do(engine, "optimizer * sgd momentum=0 weight_decay=0")
    train(engine, 3)
    before = engine.digest()
    do(engine, "group top = head.*")
    assert engine.digest() == before
    assert updates(engine, NAMES) == [3] * len(NAMES)


def test_a_new_group_inherits_optimizer_lr_and_schedule(engine):
    do(engine, "decay fc over 10 steps")
    train(engine, 2)
    do(engine, "group top = head.*")
    old, new = group(engine, "fc"), group(engine, "top")
    assert (new.optimizer, new.settings, new.lr) == (old.optimizer, old.settings, old.lr)
    train(engine, 3)
    assert lr(engine, "top") == lr(engine, "fc") == 0.01 * (1 - 5 / 10)


def test_a_new_group_is_steered_separately(engine):
    do(engine, "group top = head.*")
    do(engine, "lr top 0")
    before = weights(engine)
    train(engine, 1)
    after = weights(engine)
    assert after["head.weight"] == before["head.weight"]
    assert after["fc.weight"] != before["fc.weight"]


def test_an_empty_group_is_removed_and_named(engine):
    change = do(engine, "group all = *")
    assert [item.name for item in engine.groups()] == ["all"]
    assert "conv" in change.message
    assert "fc" in change.message
    train(engine, 2)


def test_moved_parameters_use_the_lr_and_optimizer_of_their_new_group(engine):
    train(engine, 2)
    before = weights(engine)
    do(engine, "group conv = fc.*")
    assert weights(engine) == before
    assert engine.group_of("fc.weight") == "conv"
    assert "fc.weight" in members(engine, "conv")
    assert (group(engine, "conv").optimizer, lr(engine, "conv")) == ("sgd", 0.1)
    train(engine, 2)
    assert weights(engine)["fc.weight"] != before["fc.weight"]


def test_update_ratio_and_gradient_norm_are_those_of_the_last_step(engine):
    assert math.isnan(group(engine, "conv").update_ratio)
    before = {name: engine.parameters()[name].copy() for name in members(engine, "fc")}
    train(engine, 1)
    after = engine.parameters()
    moved = math.sqrt(sum(float(((after[n] - b) ** 2.0).sum()) for n, b in before.items()))
    size = math.sqrt(sum(float((after[n] ** 2.0).sum()) for n in before))
    assert group(engine, "fc").update_ratio == pytest.approx(moved / size, rel=1e-3)
    assert group(engine, "fc").grad_norm == pytest.approx(
        gradient_norm(engine, [*before]), rel=1e-5
    )


def test_a_parameter_is_described_in_full(engine):
    train(engine, 1)
    view = engine.inspect_parameter("fc.weight")
    values = engine.parameters()["fc.weight"]
    assert view.shape == (8, 48)
    assert (view.group, view.step) == ("fc", 1)
    assert view.value.mean == pytest.approx(values.mean(), abs=1e-7)
    assert sum(view.value.counts) == values.size
    assert view.value.first_values[:3] == tuple(values.ravel()[:3].tolist())
    assert view.grad is not None
    do(engine, "freeze fc")
    assert engine.inspect_parameter("fc.weight").grad is None
    assert engine.inspect_parameter("fc.weight").frozen_since == 1
    assert engine.inspect_parameter("nothing") is None
