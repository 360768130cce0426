"""The bundled scenarios: what they teach and use. The plugin for pytest tests what they expect."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from tuitrain.commands import (
    AddBreakpoint,
    AnyCommand,
    Clip,
    Decay,
    SetSchedule,
    SwapOptimizer,
    Thaw,
)
from tuitrain.scenario.load import load, parse_commands
from tuitrain.scenario.schema import Scenario
from tuitrain_core.optimizer import OPTIMIZERS

pytestmark = pytest.mark.slow


FILES = sorted((Path(__file__).parent.parent.parent / "scenarios").glob("*.toml"))


def test_the_six_scenarios_of_the_tutorial_exist():
    assert {path.stem for path in FILES} >= {
        "learning-rates-by-group",
        "lr-to-zero",
        "linear-decay",
        "two-optimizers",
        "train-only-the-convolutions",
        "swap-optimizer",
    }


BY_HAND = {"auto-lr", "pause", "resume", "step", "stop", "redo", "speed"}
"""Commands that have no use or no effect without a screen, or without a script of the user."""
VERBS = {kind: kind.__struct_config__.tag for kind in get_args(AnyCommand)}


def used() -> Iterator[str]:
    """Give each feature that a scenario uses, in words."""
    for scenario in map(load, FILES):
        yield from (f"optimizer {item['name']}" for item in optimizers(scenario))
        for command in (item for entry in scenario.at for item in parse_commands(entry)):
            yield VERBS[type(command)]
            match command:
                case SetSchedule(kind=kind, unit=unit, warmup=warmup):
                    yield from (f"schedule {kind}", f"schedule by {unit}")
                    yield "warm-up" if warmup else "no warm-up"
                case Decay(unit=unit):
                    yield f"decay by {unit}"
                case SwapOptimizer(name=name, state=state, ramp=ramp):
                    yield from (f"optimizer {name}", f"swap to {name}", f"state={state}")
                    yield "ramp" if ramp else "no ramp"
                case Thaw(state=state):
                    yield f"thaw {state}"
                case Clip(by=by):
                    yield f"clip {by}"
                case AddBreakpoint(on=on):
                    yield f"break when {on}"


def optimizers(scenario: Scenario) -> Iterator[dict]:
    yield scenario.optimizer
    yield from (group.optimizer for group in scenario.group if group.optimizer)


def test_every_feature_of_steering_is_used_by_a_scenario():
    verbs = {*VERBS.values()} - BY_HAND
    rules = {f"{word} {name}" for word in ("optimizer", "swap to") for name in OPTIMIZERS}
    words = {
        "schedule linear", "schedule cosine", "schedule exponential", "schedule milestones",
        "schedule one-cycle", "schedule by epochs", "schedule by steps", "warm-up", "no warm-up",
        "decay by epochs", "decay by steps", "state=carry", "state=reset", "state=None", "ramp",
        "no ramp", "thaw keep", "thaw reset", "clip norm", "clip value", "clip off",
        "break when nan", "break when loss", "break when grad_norm", "break when accuracy",
    }  # fmt: skip
    assert verbs | rules | words <= {*used()}


def test_the_list_in_the_documents_is_complete():
    text = (FILES[0].parent.parent / "docs" / "reference" / "scenario.md").read_text()
    assert [path.stem for path in FILES if f"{path.name}" not in text] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_scenario_teaches(path: Path):
    assert load(path).description
    assert path.read_text().startswith("# ")
