"""The scenarios in the box, and flights without a scenario."""

from pathlib import Path

import pytest

from tuitrain.engines.registry import engine_factory
from tuitrain.scenario.build import build_engine
from tuitrain.scenario.bundled import MODELS, bundled_scenarios, default_scenario, scenario_for
from tuitrain_core.data import mnist_mini

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"


def test_every_scenario_of_the_box_is_offered_with_a_line_about_it():
    offered = bundled_scenarios()
    assert {item.path.name for item in offered} == {item.name for item in SCENARIOS.glob("*.toml")}
    assert all(item.description for item in offered)


def test_every_network_that_has_a_name_is_offered():
    assert set(MODELS) == set(engine_factory().built_in_models(mnist_mini()[0]))


@pytest.mark.parametrize("model", ["lenet", "mlp", "transformer"])
def test_a_flight_on_data_can_be_built(model):
    engine = build_engine(scenario_for("mnist-mini", model), "a test")
    assert engine.step == 0


def test_a_flight_is_named_for_its_data():
    assert scenario_for("idx:/data/letters", "cnn").name == "cnn on letters"


def test_the_first_flight_is_on_what_is_in_the_box():
    scenario, source = default_scenario()
    assert (scenario.model, scenario.data, source) == ("lenet", "mnist-mini", "first_flight.toml")
