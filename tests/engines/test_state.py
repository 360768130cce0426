"""An engine's state in and out: what follows is what would have followed, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

from tests.engines.conftest import make_engine
from tests.engines.test_steering import do, group, never
from tuitrain.errors import StateMismatchError


def eventful(engine) -> None:
    """Do a bit of everything that a state must bring back."""
    engine.run(5, never)
    for text in (
        "freeze conv.bias",
        "group top = head.*",
        "optimizer top sgd momentum=0.9 lr=0.02",
        "schedule fc cosine to 0 over 3 epochs warmup=4",
        "clip norm 0.5",
    ):
        assert do(engine, text).changed
    engine.run(4, never)


def test_another_engine_goes_on_from_the_state_with_the_same_bits():
    first, second = make_engine(), make_engine(seed=0)
    eventful(first)
    state = first.state()
    second.load_state(state)
    assert second.digest() == first.digest()
    assert second.run(9, never) == first.run(9, never)  # dropout, order of data, schedules
    assert second.digest() == first.digest()
    assert [g.name for g in second.groups()] == [g.name for g in first.groups()]
    assert group(second, "fc").lr == group(first, "fc").lr


def test_a_state_stays_what_it_was_while_the_training_goes_on(engine):
    eventful(engine)
    state, digest = engine.state(), engine.digest()
    engine.run(7, never)
    do(engine, "thaw *")
    engine.load_state(state)
    engine.run(2, never)
    engine.load_state(state)
    assert (engine.step, engine.digest()) == (9, digest)


def test_frozen_flags_come_back_with_their_step(engine):
    engine.run(3, never)
    do(engine, "freeze fc")
    state = engine.state()
    do(engine, "thaw fc")
    engine.load_state(state)
    assert group(engine, "fc").frozen_since == 3
    engine.run(1, never)
    assert engine.gradient("fc.weight") is None
    assert group(engine, "fc").frozen_intact is True


def test_every_name_that_does_not_fit_is_listed_and_nothing_is_changed(engine):
    engine.run(2, never)
    state, digest = engine.state(), engine.digest()
    parameters = dict(state.parameters)
    parameters["fc.wait"] = parameters.pop("fc.weight")
    parameters["head.bias"] = np.zeros(9, np.float32)
    parameters["conv.bias"] = parameters["conv.bias"].astype(np.float64)
    with pytest.raises(StateMismatchError) as error:
        engine.load_state(replace(state, parameters=parameters, frozen={"nobody": 1}))
    for told in (
        "parameter fc.wait is unknown",
        "parameter fc.weight is missing",
        "parameter head.bias is float32 (9,), expected float32 (4,)",
        "parameter conv.bias is float64",
        "frozen nobody: no such parameter",
    ):
        assert told in str(error.value)
    assert engine.digest() == digest


def test_a_random_state_of_another_kind_is_refused(engine):
    with pytest.raises(StateMismatchError):
        engine.load_state(replace(engine.state(), random={"bit_generator": "Dice"}))
