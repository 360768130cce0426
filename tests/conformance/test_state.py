"""Saving and loading an engine's state: the following steps are the same, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conformance.probes import do, give, group, train, whole
from tuitrain.engines.capabilities import Capability
from tuitrain.engines.state import OptimizerState
from tuitrain.errors import StateMismatchError

pytestmark = pytest.mark.needs(Capability.REWIND)


def eventful(engine) -> None:
    """Do some of everything that a state must restore."""
    train(engine, 5)
    for text in (
        "freeze conv.bias",
        "group top = head.*",
        "optimizer top sgd momentum=0.9 lr=0.02",
        "schedule fc cosine to 0 over 3 epochs warmup=4",
        "clip norm 0.5",
    ):
        assert do(engine, text).changed
    train(engine, 4)


def test_another_engine_continues_a_state_with_the_same_bits(make_engine):
    first, second = make_engine(), make_engine()
    eventful(first)
    second.load_state(first.state())
    assert (second.step, second.digest()) == (first.step, first.digest())
    assert second.digests() == first.digests()
    assert train(second, 9) == train(first, 9)
    assert second.digest() == first.digest()
    assert repr(second.groups()) == repr(first.groups())


def test_with_every_optimizer_a_state_continues_with_the_same_bits(make_engine, rule):
    first, second = make_engine(), make_engine()
    give(first, "*", rule)
    train(first, 3)
    second.load_state(first.state())
    assert second.digest() == first.digest()
    assert train(second, 4) == train(first, 4)
    assert second.digest() == first.digest()


def test_a_loaded_state_is_returned_unchanged(engine):
    eventful(engine)
    state = engine.state()
    engine.load_state(state)
    again = engine.state()
    assert (again.step, again.clip) == (state.step, state.clip)
    assert repr(again.groups) == repr(state.groups)
    assert (repr(again.random), dict(again.frozen)) == (repr(state.random), dict(state.frozen))
    assert again.nbytes == state.nbytes > 0


def test_a_state_does_not_change_with_the_training(engine):
    eventful(engine)
    state, digest = engine.state(), engine.digest()
    train(engine, 7)
    do(engine, "thaw *")
    engine.load_state(state)
    train(engine, 2)
    engine.load_state(state)
    assert (engine.step, engine.digest()) == (9, digest)


def test_a_state_shares_no_memory_with_the_engine(engine):
    train(engine, 2)
    state, digest = engine.state(), engine.digest()
    engine.load_state(state)
    slots = [item for kept in state.optimizers.values() for item in kept.slots.values()]
    for array in [*state.parameters.values(), *state.buffers.values(), *slots]:
        array[...] = 0
    assert engine.digest() == digest


def test_a_loaded_state_does_not_depend_on_the_engines_past(make_engine):
    first, second = make_engine(), make_engine()
    train(first, 2)
    eventful(second)
    do(second, "freeze fc")
    second.load_state(first.state())
    assert train(second, 5) == train(first, 5)
    assert second.digest() == first.digest()
    assert repr(second.groups()) == repr(first.groups())


def test_loading_restores_frozen_parameters_with_their_steps(engine):
    train(engine, 3)
    do(engine, "freeze fc")
    state = engine.state()
    do(engine, "thaw fc")
    engine.load_state(state)
    assert group(engine, "fc").frozen_since == 3
    train(engine, 1)
    assert engine.gradient("fc.weight") is None
    assert group(engine, "fc").frozen_intact is True


def test_a_mismatch_lists_every_name_and_changes_nothing(engine):
    train(engine, 2)
    state, before = engine.state(), whole(engine)
    parameters = dict(state.parameters)
    parameters["fc.wait"] = parameters.pop("fc.weight")
    parameters["head.bias"] = np.zeros(9, np.float32)
    parameters["conv.bias"] = parameters["conv.bias"].astype(np.float64)
    with pytest.raises(StateMismatchError) as error:
        engine.load_state(replace(state, parameters=parameters, frozen={"absent": 1}))
    for message in ("fc.wait", "fc.weight", "head.bias", "(9,)", "conv.bias", "float64", "absent"):
        assert message in str(error.value)
    assert whole(engine) == before


def gradients(engine) -> dict[str, bytes | None]:
    result = {name: engine.gradient(name) for name in engine.parameters()}
    return {name: None if item is None else item.tobytes() for name, item in result.items()}


def test_gradients_are_those_of_the_loaded_state(make_engine):
    first, second = make_engine(), make_engine()
    do(first, "freeze conv")
    train(first, 3)
    known = {name: first.gradient(name) for name in first.parameters()}
    known = {name: item.copy() for name, item in known.items() if item is not None}
    assert first.state().gradients == {}
    state = replace(first.state(), gradients=known)
    second.load_state(state)
    assert gradients(second) == gradients(first)
    assert train(second, 3) == train(first, 3)
    known["fc.weight"][...] = 0
    assert second.digest() == first.digest()
    second.load_state(first.state())
    assert set(gradients(second).values()) == {None}


def zeros(dtype: type) -> dict[str, np.ndarray]:
    return {slot: np.zeros((8, 48), dtype) for slot in ("exp_avg", "exp_avg_sq")}


@pytest.mark.parametrize(
    "wrong",
    [
        {"random": {"bit_generator": "Dice"}},
        {"random": {}},
        {"clip": ("length", 1.0)},
        {"clip": ("norm", -1.0)},
        {"step": -1},
        {"buffers": {}},
        {"gradients": {"absent": np.zeros(3, np.float32)}},
        {"gradients": {"fc.weight": np.zeros(3, np.float32)}},
        {"groups": ()},
        {"groups": ({},)},
        {"optimizers": {"absent": OptimizerState(3, {})}},
        {"optimizers": {"fc.weight": OptimizerState(3, {})}},
        {"optimizers": {"fc.weight": OptimizerState(3, {**zeros(np.float32), "mood": zeros})}},
        {"optimizers": {"fc.weight": OptimizerState(3, zeros(np.float64))}},
        {"optimizers": {"head.bias": OptimizerState(3, zeros(np.float32))}},
    ],
    ids="-".join,
)
def test_a_state_with_one_mismatch_changes_nothing(make_engine, wrong):
    engine, other = make_engine(), make_engine()
    eventful(engine)
    before = whole(engine)
    with pytest.raises(StateMismatchError):
        engine.load_state(replace(other.state(), **wrong))
    assert whole(engine) == before
    train(engine, 1)


@pytest.mark.parametrize(
    "change", [{"name": "one"}, {"rule": "adm"}, {"settings": {"lr": -1.0}}, {"schedule": {}}]
)
def test_impossible_groups_in_a_state_change_nothing(engine, change):
    train(engine, 2)
    before = whole(engine)
    state = engine.state()
    assert {*change} <= {*state.groups[0]}
    with pytest.raises(StateMismatchError):
        engine.load_state(replace(state, groups=tuple({**g, **change} for g in state.groups)))
    assert whole(engine) == before
