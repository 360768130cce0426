"""The bundled scenarios, and scenarios made from data."""

from pathlib import Path

import msgspec
import pytest

from tuitrain.engines.registry import engine_factory
from tuitrain.errors import ScenarioError
from tuitrain.scenario.build import build_engine
from tuitrain.scenario.bundled import (
    MODELS,
    bundled_scenarios,
    default_scenario,
    is_first_flight,
    scenario_for,
)
from tuitrain.scenario.bundled_data import BUNDLED_DATA, models_for

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"


def test_every_bundled_scenario_is_offered_with_its_description():
    offered = bundled_scenarios()
    assert {item.path.name for item in offered} == {item.name for item in SCENARIOS.glob("*.toml")}
    assert all(item.description for item in offered)


def test_every_built_in_network_is_offered():
    assert list(MODELS) == list(engine_factory().model_names)


PAIRS = [(data, model) for data, bundled in BUNDLED_DATA.items() for model in bundled.models]


@pytest.mark.parametrize(("data", "model"), PAIRS)
def test_a_scenario_for_data_can_be_built(data, model):
    engine = build_engine(scenario_for(data, model), "a test")
    assert engine.step == 0


def test_the_networks_for_data_follow_from_its_name():
    assert models_for("alice") == ("char-transformer",)
    assert models_for("idx:/data/letters") == models_for("mnist-mini")
    assert models_for("nets:stripes") == ()


def test_a_network_that_does_not_fit_is_refused_with_those_that_do():
    with pytest.raises(ScenarioError, match=r"lenet does not fit .* \(models that do: mlp, conv1d"):
        build_engine(scenario_for("waves", "lenet"), "a test")


def test_a_scenario_for_data_is_named_after_it():
    assert scenario_for("idx:/data/letters", "cnn").name == "cnn on letters"


def test_the_default_scenario_uses_the_bundled_data():
    scenario, source = default_scenario()
    assert (scenario.model, scenario.data, source) == ("lenet", "mnist-mini", "first_flight.toml")


def test_only_the_unchanged_default_scenario_is_the_first_flight():
    scenario, _ = default_scenario()
    assert is_first_flight(scenario)
    assert not is_first_flight(msgspec.structs.replace(scenario, seed=1))
    assert not is_first_flight(scenario_for("mnist-mini", "lenet"))
