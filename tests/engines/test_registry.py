"""The registry: engines by name."""

import subprocess
import sys

import pytest

from tests.installed import is_installed
from tuitrain.engines.registry import DEFAULT_ENGINE, engine_factory, engine_names
from tuitrain.errors import RefusedError, ScenarioError
from tuitrain.scenario.build import build
from tuitrain.scenario.load import loads

SCENARIO = """
schema = 1
name = "small"
engine = "{}"
epochs = 1

[optimizer]
name = "sgd"
lr = 0.1
"""


def test_the_default_engine_is_registered():
    assert DEFAULT_ENGINE in engine_names()
    assert engine_factory().built_in_models
    assert type(engine_factory()) is type(engine_factory(DEFAULT_ENGINE))


def test_an_unknown_engine_is_refused_with_the_nearest_name_and_all_names():
    with pytest.raises(RefusedError) as refusal:
        engine_factory("embeded")
    assert str(refusal.value) == (
        "no engine is called 'embeded', did you mean 'embedded'? (engines: embedded, torch)"
    )


def test_a_scenario_names_its_engine():
    with pytest.raises(ScenarioError, match=r"x.toml: no engine is called 'tooorch'"):
        build(loads(SCENARIO.format("tooorch"), "x.toml"), "x.toml")
    assert loads(SCENARIO.format("embedded"), "x.toml").engine == DEFAULT_ENGINE
    assert loads(SCENARIO.replace('engine = "{}"\n', ""), "x.toml").engine == DEFAULT_ENGINE


def test_an_engine_is_imported_on_first_use():
    code = (
        "import sys; from tuitrain.engines import registry; "
        "assert not [m for m in sys.modules if m.startswith(('tuitrain.engines.embedded', "
        "'tuitrain_core', 'numba'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


INSTALLED = [name for name in engine_names() if name != "torch" or is_installed("torch")]


@pytest.mark.parametrize("name", INSTALLED)
def test_the_environment_maps_names_to_text(name):
    environment = engine_factory(name).environment()
    assert environment
    assert all(isinstance(k, str) and isinstance(v, str) for k, v in environment.items())
