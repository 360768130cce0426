"""The bundled scenarios, and scenarios made from data."""

from pathlib import Path

import pytest

from tuitrain.engines.registry import engine_factory
from tuitrain.scenario.build import build_engine
from tuitrain.scenario.bundled import MODELS, bundled_scenarios, default_scenario, scenario_for
from tuitrain_core.data import mnist_mini

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"


def test_every_bundled_scenario_is_offered_with_its_description():
    offered = bundled_scenarios()
    assert {item.path.name for item in offered} == {item.name for item in SCENARIOS.glob("*.toml")}
    assert all(item.description for item in offered)


def test_every_built_in_network_is_offered():
    assert set(MODELS) == set(engine_factory().built_in_models(mnist_mini()[0]))


@pytest.mark.parametrize("model", ["lenet", "mlp", "transformer"])
def test_a_scenario_for_data_can_be_built(model):
    engine = build_engine(scenario_for("mnist-mini", model), "a test")
    assert engine.step == 0


def test_a_scenario_for_data_is_named_after_it():
    assert scenario_for("idx:/data/letters", "cnn").name == "cnn on letters"


def test_the_default_scenario_uses_the_bundled_data():
    scenario, source = default_scenario()
    assert (scenario.model, scenario.data, source) == ("lenet", "mnist-mini", "first_flight.toml")
