"""The bundled scenarios, and scenarios made from a model and data."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

from tuitrain.errors import TuitrainError

from .load import load, loads
from .schema import Group, Scenario

_Settings: TypeAlias = tuple[dict[str, Any], tuple[Group, ...]]

FIRST_FLIGHT: Final = "first_flight.toml"

MODELS: Final[dict[str, str]] = {
    "lenet": "LeNet-5, for digits of 28 x 28",
    "mlp": "three layers, for any numbers",
    "cnn": "convolutions with batch norm, for images",
    "resnet8": "a small residual network",
    "resnet20": "the residual network for small images",
    "transformer": "reads images row by row",
    "conv1d": "convolutions with batch norm, for curves",
    "char-transformer": "predicts the next character of a text",
}
"""The built-in models, each with a description."""


_GENTLE: Final[_Settings] = {"name": "adam", "lr": 0.001}, (Group("all", ("*",)),)
_SETTINGS: Final[dict[str, _Settings]] = {
    "lenet": (
        {"name": "sgd", "lr": 0.02, "momentum": 0.9},
        (Group("conv", ("conv*",)), Group("fc", ("*",), lr=0.01)),
    ),
}
"""The optimizer and the groups of a new run, by model; `_GENTLE` for all others."""


@dataclass(frozen=True, slots=True)
class BundledScenario:
    """A bundled scenario: its file, its name and its description."""

    path: Path
    name: str
    description: str


def default_scenario() -> tuple[Scenario, str]:
    """Return the default scenario, and its name in errors."""
    text = resources.files("tuitrain.scenario").joinpath(FIRST_FLIGHT).read_text("utf-8")
    return loads(text, FIRST_FLIGHT), FIRST_FLIGHT


def is_first_flight(scenario: Scenario) -> bool:
    """Return whether it is the default scenario, unchanged."""
    return scenario == default_scenario()[0]


def bundled_paths() -> list[Path]:
    """Return the files of the bundled scenarios, by name."""
    return sorted(_box().glob("*.toml"))


def bundled_scenarios() -> list[BundledScenario]:
    """Return the readable bundled scenarios, by name."""
    scenarios = []
    for path in bundled_paths():
        try:
            scenario = load(path)
        except TuitrainError:
            continue
        scenarios.append(BundledScenario(path, scenario.name, scenario.description))
    return scenarios


def scenario_for(data: str, model: str) -> Scenario:
    """Return a scenario that trains a network on data, in one group, until it is stopped."""
    name = f"{model} on {Path(data.partition('?')[0]).name or data}"
    optimizer, groups = _SETTINGS.get(model, _GENTLE)
    return Scenario(
        1, name, optimizer, model=model, data=data, batch_size=64, epochs=500, group=groups
    )


def _box() -> Path:
    """Return the folder of the scenarios: in the package, or, in a clone, next to it."""
    package = Path(str(resources.files("tuitrain")))
    installed = package / "box"
    return installed if installed.is_dir() else package.parent / "scenarios"
