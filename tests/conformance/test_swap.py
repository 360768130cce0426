"""Swapping optimizers keeps weights and every setting that is not named."""

import numpy as np
import pytest

from tests.conformance.probes import (
    RULES,
    do,
    give,
    group,
    lr,
    members,
    memory,
    train,
    updates,
    weights,
    whole,
)
from tuitrain.errors import RefusedError


def test_every_required_optimizer_is_offered_with_its_defaults(engine, lacking):
    choices = {choice.name: choice for choice in engine.optimizer_choices()}
    assert {*RULES} - lacking <= {*choices}
    do(engine, "optimizer * sgd momentum=0 weight_decay=0")
    for name, choice in choices.items():
        assert "lr" not in dict(choice.defaults)
        written = " ".join(f"{key}={value}" for key, value in choice.defaults)
        do(engine, f"optimizer fc {name} {written}")
        assert (group(engine, "fc").optimizer, group(engine, "fc").settings) == (name, "")


def test_an_optimizer_that_the_engine_lacks_is_refused_with_the_list(engine, lacking):
    choices = [choice.name for choice in engine.optimizer_choices()]
    assert lacking.isdisjoint(choices)
    for name in {*lacking, "no-such-rule"}:
        before = whole(engine)
        with pytest.raises(RefusedError) as refusal:
            do(engine, f"optimizer fc {name}")
        assert ", ".join(choices) in str(refusal.value)
        assert whole(engine) == before


def test_a_swap_keeps_weights_lr_and_decay(engine, rule):
    do(engine, "optimizer fc adagrad weight_decay=0.02")
    train(engine, 3)
    before, before_schedule = weights(engine), group(engine, "fc").schedule
    do(engine, f"optimizer fc {rule}")
    assert weights(engine) == before
    swapped = group(engine, "fc")
    assert (swapped.optimizer, swapped.lr, swapped.schedule) == (rule, 0.01, before_schedule)
    assert "weight_decay=0.02" in swapped.settings.split()


def test_a_swap_changes_only_the_settings_that_it_names(engine):
    do(engine, "optimizer fc sgd momentum=0.5")
    assert group(engine, "fc").settings.split() == ["momentum=0.5", "weight_decay=0.01"]
    assert (group(engine, "conv").optimizer, group(engine, "conv").settings) == (
        "sgd",
        "momentum=0.9",
    )


def test_a_swap_keeps_the_state_of_other_groups(engine, rule):
    train(engine, 3)
    others = members(engine, "conv")
    before = memory(engine, others)
    give(engine, "fc", rule)
    assert memory(engine, others) == before
    assert updates(engine, others) == [3] * len(others)


def test_every_optimizer_can_be_swapped_to_and_from(engine, rule):
    train(engine, 2)
    for state in ("carry", "reset"):
        do(engine, f"optimizer conv {rule} weight_decay=0.001 state={state}")
        names = members(engine, "conv")
        before = weights(engine, names)
        train(engine, 2)
        assert group(engine, "conv").optimizer == rule
        assert weights(engine, names) != before
        do(engine, f"optimizer conv adam state={state}")
        train(engine, 1)
        assert all(np.isfinite(item).all() for item in engine.parameters().values())


def test_a_swap_with_an_lr_ends_the_schedule(engine):
    do(engine, "decay conv over 4 steps")
    do(engine, "optimizer conv adam lr=0.5")
    assert (lr(engine, "conv"), group(engine, "conv").schedule) == (0.5, "constant")


def test_a_swap_reports_the_lr(engine):
    do(engine, "decay fc over 3 epochs")
    message = do(engine, "optimizer fc adam lr=0.02").message
    assert "lr 0.02 from here on" in message
    assert "ends" in message
    message = do(engine, "optimizer fc sgd ramp=4").message
    assert "lr 0.004, rising over 4 steps" in message
    assert "ends" not in message
    assert "lr" not in do(engine, "optimizer fc sgd momentum=0.5").message


def test_a_swap_without_an_lr_keeps_the_schedule(engine):
    do(engine, "decay conv over 4 steps")
    schedule = group(engine, "conv").schedule
    train(engine, 2)
    do(engine, "optimizer conv adam")
    assert (lr(engine, "conv"), group(engine, "conv").schedule) == (0.05, schedule)
    train(engine, 1)
    assert lr(engine, "conv") == 0.1 * (1 - 3 / 4)


def test_adam_to_adamw_transfers_both_moments_and_the_counter(engine):
    train(engine, 3)
    names = members(engine, "fc")
    before = memory(engine, names)
    do(engine, "optimizer fc adamw")
    assert memory(engine, names) == before
    assert updates(engine, names) == [3] * len(names)


@pytest.mark.parametrize("new", ["adamw", "sgd momentum=0.9"])
def test_transferred_and_reset_states_differ(make_engine, new):
    digests = []
    for state in ("carry", "reset"):
        engine = make_engine()
        train(engine, 3)
        do(engine, f"optimizer fc {new} state={state}")
        train(engine, 1)
        digests.append(engine.digest())
    assert digests[0] != digests[1]


@pytest.mark.parametrize(("new", "policy"), [("adamw", "carry"), ("adagrad", "reset")])
def test_state_that_maps_completely_is_transferred_by_default(make_engine, new, policy):
    digests = []
    for state in ("", f" state={policy}"):
        engine = make_engine()
        train(engine, 3)
        do(engine, f"optimizer fc {new}{state}")
        train(engine, 1)
        digests.append(engine.digest())
    assert digests[0] == digests[1]


def test_a_reset_restarts_the_counters(engine, rule):
    train(engine, 3)
    do(engine, f"optimizer fc {rule} {RULES[rule]} state=reset")
    names = members(engine, "fc")
    assert memory(engine, names) == {}
    train(engine, 2)
    assert updates(engine, names) == [2] * len(names)


def test_transferred_state_shares_no_memory(engine):
    train(engine, 2)
    state = engine.state()
    do(engine, "optimizer fc adamw state=carry")
    train(engine, 2)
    engine.load_state(state)
    again = engine.state()
    for name, remembered in state.optimizers.items():
        for slot, array in remembered.slots.items():
            np.testing.assert_array_equal(again.optimizers[name].slots[slot], array)


def test_two_groups_train_with_different_optimizers(engine):
    before = {name: item.copy() for name, item in engine.parameters().items()}
    train(engine, 1)
    after = engine.parameters()
    for name in members(engine, "conv"):
        expected = before[name] - 0.1 * engine.gradient(name)
        np.testing.assert_allclose(after[name], expected, rtol=1e-5, atol=1e-6)
    for name in members(engine, "fc"):
        slope = engine.gradient(name) + 0.01 * before[name]
        expected = before[name] - 0.01 * slope / (np.abs(slope) + 1e-8)
        np.testing.assert_allclose(after[name], expected, rtol=1e-5, atol=1e-6)
    remembered = engine.state().optimizers
    assert len(remembered["conv.weight"].slots) == 1
    assert len(remembered["fc.weight"].slots) == 2
