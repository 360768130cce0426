"""A thaw keeps or resets the optimizer's state, as its message says."""

import numpy as np
import pytest

from tests.conformance.probes import (
    copies,
    do,
    give,
    lr,
    members,
    memory,
    train,
    updates,
    velocity,
    weights,
)
from tests.conformance.problem import CONV, FC


def with_gradients(names):
    """Leave out the bias below a norm layer: its gradient is rounding error, which may be 0."""
    return [name for name in names if name != "conv.bias"]


def test_a_thaw_keeps_the_state_unless_reset(make_engine):
    digests = []
    for text in ("thaw fc", "thaw fc keep", "thaw fc reset"):
        engine = make_engine()
        train(engine, 4)
        do(engine, "freeze fc")
        train(engine, 2)
        do(engine, text)
        train(engine, 2)
        digests.append(engine.digest())
    assert digests[0] == digests[1] != digests[2]


def test_kept_state_is_that_of_the_freeze_and_its_counters_continue(engine, rule):
    give(engine, "fc", rule)
    train(engine, 3)
    names = members(engine, "fc")
    before = memory(engine, names)
    do(engine, "freeze fc")
    train(engine, 2)
    do(engine, "thaw fc")
    assert memory(engine, names) == before
    train(engine, 2)
    assert updates(engine, names) == [5] * len(names)


def test_a_reset_clears_the_state_and_its_counters(engine, rule):
    give(engine, "fc", rule)
    train(engine, 3)
    names = members(engine, "fc")
    do(engine, "freeze fc")
    do(engine, "thaw fc reset")
    assert memory(engine, names) == {}
    train(engine, 2)
    assert updates(engine, names) == [2] * len(names)


def test_a_reset_keeps_the_state_of_other_groups(engine):
    train(engine, 3)
    others = members(engine, "conv")
    before = memory(engine, others)
    do(engine, "freeze fc")
    do(engine, "thaw fc reset")
    assert memory(engine, others) == before


def test_a_reset_keeps_the_state_of_unfrozen_parameters(engine):
    train(engine, 3)
    do(engine, "freeze fc.bias")
    before = memory(engine, ["fc.weight"])
    do(engine, "thaw fc reset")
    assert memory(engine, ["fc.weight"]) == before
    assert updates(engine, ["fc.bias", "fc.weight"]) == [0, 3]


@pytest.mark.parametrize("state", ["keep", "reset"])
def test_the_first_step_after_a_thaw_is_an_ordinary_step(engine, state):
    train(engine, 4)
    do(engine, "freeze conv")
    train(engine, 3)
    do(engine, f"thaw conv {state}")
    names = members(engine, "conv")
    before = copies(engine, names)
    momentum = {name: 0.9 * velocity(engine, name) for name in names} if state == "keep" else {}
    train(engine, 1)
    for name in names:
        expected = before[name] - 0.1 * (momentum.get(name, 0) + engine.gradient(name))
        np.testing.assert_allclose(engine.parameters()[name], expected, rtol=1e-5, atol=1e-6)


def test_a_freeze_and_a_thaw_keep_the_lr(engine):
    for text in ("freeze *", "thaw conv", "thaw fc reset"):
        do(engine, text)
        assert (lr(engine, "conv"), lr(engine, "fc")) == (0.1, 0.01)
        train(engine, 2)
        assert (lr(engine, "conv"), lr(engine, "fc")) == (0.1, 0.01)


def test_parameters_frozen_from_the_start_are_updated_after_a_thaw(make_engine):
    engine = make_engine((CONV._replace(frozen=True), FC))
    names = members(engine, "conv")
    assert dict(engine.state().frozen) == dict.fromkeys(names, 0)
    before = weights(engine, names)
    train(engine, 3)
    assert weights(engine, names) == before
    assert updates(engine, names) == [0] * len(names)
    do(engine, "thaw conv")
    train(engine, 1)
    after = weights(engine, names)
    assert all(after[name] != before[name] for name in with_gradients(names))
    assert updates(engine, names) == [1] * len(names)


def test_parameters_frozen_under_another_optimizer_are_updated_after_a_thaw(engine, rule):
    do(engine, "freeze conv")
    give(engine, "conv", rule)
    train(engine, 1)
    do(engine, "thaw conv")
    names = members(engine, "conv")
    before = weights(engine, names)
    train(engine, 1)
    after = weights(engine, names)
    assert all(after[name] != before[name] for name in with_gradients(names))


def test_a_part_of_a_frozen_group_can_be_thawed(engine):
    do(engine, "freeze fc")
    do(engine, "thaw fc.weight")
    before = weights(engine)
    train(engine, 1)
    after = weights(engine)
    assert after["fc.weight"] != before["fc.weight"]
    assert after["fc.bias"] == before["fc.bias"]
    assert engine.gradient("fc.bias") is None
