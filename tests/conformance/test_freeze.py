"""Frozen parameters keep every bit, whatever else changes weights."""

import math

import pytest

from tests.conformance.probes import (
    buffers,
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
from tests.conformance.problem import PLAIN


def test_momentum_decay_and_moments_do_not_move_frozen_weights(engine, rule):
    give(engine, "conv", rule)
    train(engine, 3)
    frozen, trained = members(engine, "conv"), members(engine, "fc")
    assert do(engine, "freeze conv").changed
    before, moving = weights(engine, frozen), weights(engine, trained)
    train(engine, 5)
    assert weights(engine, frozen) == before
    assert all(weights(engine, [name])[name] != moving[name] for name in trained)


def test_a_frozen_group_keeps_its_optimizer_state_and_step_counters(engine, rule):
    give(engine, "conv", rule)
    train(engine, 3)
    frozen, trained = members(engine, "conv"), members(engine, "fc")
    do(engine, "freeze conv")
    before, counted = memory(engine, frozen), updates(engine, trained)
    train(engine, 4)
    assert memory(engine, frozen) == before
    assert updates(engine, frozen) == [3] * len(frozen)
    assert updates(engine, trained) == [item + 4 for item in counted]


def test_with_all_groups_frozen_no_bit_changes(engine):
    train(engine, 5)
    do(engine, "freeze *")
    before = engine.digest()
    train(engine, 5)
    assert engine.digest() == before
    assert all(engine.gradient(name) is None for name in engine.parameters())


def test_a_freeze_drops_gradients_and_computes_none(engine):
    train(engine, 2)
    frozen, trained = members(engine, "conv"), members(engine, "fc")
    do(engine, "freeze conv")
    assert all(engine.gradient(name) is None for name in frozen)
    train(engine, 1)
    assert all(engine.gradient(name) is None for name in frozen)
    assert all(engine.gradient(name) is not None for name in trained)


def test_a_frozen_group_has_no_gradient_norm_and_no_update(engine):
    train(engine, 2)
    do(engine, "freeze conv")
    for _ in range(2):
        seen = group(engine, "conv")
        assert math.isnan(seen.grad_norm)
        assert math.isnan(seen.update_ratio)
        assert all(math.isnan(row.update_ratio) for row in seen.parameters)
        train(engine, 1)


def test_gradients_before_a_freeze_do_not_count_in_the_clip_norm(make_engine):
    clipped, free = make_engine(), make_engine()
    for engine in (clipped, free):
        train(engine, 2)
    stale = gradient_norm(free, members(free, "conv"))
    for engine in (clipped, free):
        do(engine, "freeze conv")
    state = free.state()
    train(free, 1)
    trained = gradient_norm(free, members(free, "fc"))
    limit = trained * 1.001
    assert math.hypot(trained, stale) > limit
    free.load_state(state)
    do(clipped, f"clip norm {limit!r}")
    assert train(clipped, 1) == train(free, 1)
    assert clipped.digest() == free.digest()


def test_a_frozen_norm_layer_keeps_its_statistics(engine):
    train(engine, 2)
    do(engine, "freeze norm.*")
    before = buffers(engine)
    train(engine, 3)
    assert before
    assert buffers(engine) == before
    do(engine, "thaw norm.*")
    train(engine, 1)
    assert buffers(engine) != before


def test_freezing_the_group_of_a_norm_layer_keeps_its_statistics(engine):
    do(engine, "freeze conv")
    before = buffers(engine)
    train(engine, 2)
    assert buffers(engine) == before


def test_an_evaluation_does_not_thaw_frozen_statistics(engine):
    train(engine, 2)
    do(engine, "freeze norm.*")
    before = buffers(engine)
    for _ in range(2):
        engine.evaluate()
        train(engine, 2)
    assert buffers(engine) == before


def test_a_partly_frozen_norm_layer_updates_its_statistics(engine):
    do(engine, "freeze norm.bias")
    before = buffers(engine)
    train(engine, 1)
    assert buffers(engine) != before


def test_a_norm_layer_without_parameters_is_frozen_with_the_layer_before_it(make_engine):
    engine = make_engine(PLAIN, affine=False)
    train(engine, 2)
    do(engine, "freeze conv.*")
    before = buffers(engine)
    train(engine, 3)
    engine.evaluate()
    train(engine, 1)
    assert before
    assert buffers(engine) == before
    other = make_engine(PLAIN, affine=False)
    other.load_state(engine.state())
    train(other, 3)
    assert buffers(other) == before
    do(other, "thaw conv.bias")
    train(other, 1)
    assert buffers(other) != before


@pytest.mark.parametrize("target", ["fc", "fc.*", "conv.weight"])
def test_a_norm_layer_without_parameters_updates_with_a_partly_trained_layer(make_engine, target):
    engine = make_engine(PLAIN, affine=False)
    do(engine, f"freeze {target}")
    before = buffers(engine)
    train(engine, 1)
    assert buffers(engine) != before


def test_with_all_groups_frozen_all_statistics_keep_their_bytes(make_engine):
    engine = make_engine(PLAIN, affine=False)
    train(engine, 2)
    do(engine, "freeze *")
    before = engine.digest()
    train(engine, 3)
    assert engine.digest() == before


def test_a_single_parameter_can_be_frozen(engine):
    do(engine, "freeze fc.bias")
    before = weights(engine)
    train(engine, 2)
    after = weights(engine)
    assert after["fc.bias"] == before["fc.bias"]
    assert after["fc.weight"] != before["fc.weight"]
    assert group(engine, "fc").frozen_since is None
    since = {row.name: row.frozen_since for row in group(engine, "fc").parameters}
    assert since["fc.bias"] == 0
    assert since["fc.weight"] is None


def test_the_badge_has_the_step_of_the_freeze_and_the_checksum(engine):
    assert group(engine, "fc").frozen_since is None
    assert group(engine, "fc").frozen_intact is None
    train(engine, 3)
    do(engine, "freeze fc")
    train(engine, 2)
    assert group(engine, "fc").frozen_since == 3
    assert group(engine, "fc").frozen_intact is True
    do(engine, "thaw fc")
    assert group(engine, "fc").frozen_since is None
    assert group(engine, "fc").frozen_intact is None


def test_freezing_and_thawing_at_one_boundary_changes_nothing(make_engine):
    engine, alike = make_engine(), make_engine()
    for item in (engine, alike):
        train(item, 3)
    do(engine, "freeze *")
    do(engine, "thaw *")
    assert train(engine, 4) == train(alike, 4)
    assert engine.digest() == alike.digest()


def test_a_freeze_survives_loading_into_another_engine(make_engine):
    engine, other = make_engine(), make_engine()
    train(engine, 3)
    do(engine, "freeze conv")
    train(engine, 1)
    other.load_state(engine.state())
    before = weights(other, members(other, "conv")), buffers(other)
    train(other, 3)
    assert (weights(other, members(other, "conv")), buffers(other)) == before
    assert group(other, "conv").frozen_since == 3
    assert group(other, "conv").frozen_intact is True
    assert other.gradient("conv.weight") is None


def test_loading_a_state_before_the_freeze_thaws(engine):
    train(engine, 1)
    state = engine.state()
    do(engine, "freeze fc")
    engine.load_state(state)
    assert group(engine, "fc").frozen_since is None
    before = weights(engine)["fc.weight"]
    train(engine, 1)
    assert weights(engine)["fc.weight"] != before


@pytest.mark.parametrize(
    "event",
    [
        "group top = conv.*",
        "group fc = conv.* norm.*",
        "group all = *",
        "optimizer conv adam",
        "optimizer conv sgd momentum=0.5 state=carry",
        "optimizer * adagrad state=reset",
        "lr * 0.5",
        "schedule * cosine to 0 over 2 epochs",
        "clip norm 0.01",
    ],
)
def test_a_freeze_survives_every_other_command(engine, event):
    train(engine, 3)
    frozen = members(engine, "conv")
    do(engine, "freeze conv")
    before = weights(engine, frozen), buffers(engine)
    assert do(engine, event).changed
    train(engine, 3)
    assert (weights(engine, frozen), buffers(engine)) == before
    assert all(engine.gradient(name) is None for name in frozen)
    since = {row.name: row.frozen_since for item in engine.groups() for row in item.parameters}
    assert {name for name, step in since.items() if step == 3} == set(frozen)


def test_a_schedule_advances_while_its_group_is_frozen(make_engine):
    engine, alike = make_engine(), make_engine()
    for item in (engine, alike):
        do(item, "decay conv over 10 steps")
    do(engine, "freeze conv")
    for item in (engine, alike):
        train(item, 4)
    assert lr(engine, "conv") == lr(alike, "conv") == 0.1 * (1 - 4 / 10)


def test_a_message_names_the_groups_that_a_pattern_matches(engine):
    groups = ", ".join(view.name for view in engine.groups())
    count = len(engine.parameters())
    assert do(engine, "freeze *").message == f"{groups} frozen: {count} parameters"
    assert do(engine, "freeze *").message.startswith(f"{groups} are already frozen, since step ")
    assert do(engine, "freeze f*").message.startswith("fc is already frozen")
    assert do(engine, "thaw *").message.startswith(f"{groups} thawed: {count} parameters")
    assert do(engine, "thaw *").message == f"{groups} are not frozen"
    assert do(engine, "lr * x1").message.startswith(f"x1 changes no lr of {groups}")


def test_a_message_names_the_parameters_that_a_pattern_matches(engine):
    names = [name for name in engine.parameters() if name.startswith("conv.")]
    assert len(names) == 2
    message = do(engine, "freeze conv.*").message
    assert message == f"{', '.join(names)} frozen: 2 parameters"
