"""Every scenario that ships is a test: what it expects holds."""

from pathlib import Path

import pytest

from tuitrain.scenario.events import Finding
from tuitrain.scenario.load import load
from tuitrain.scenario.replay import replay

FILES = sorted((Path(__file__).parent.parent.parent / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_scenario_holds(path: Path):
    events = list(replay(load(path), str(path)))
    failed = [event for event in events if isinstance(event, Finding) and not event.held]
    assert not failed
    assert events[-1].ok


def test_the_six_that_follow_the_tutorial_are_there():
    assert {path.stem for path in FILES} >= {
        "learning-rates-by-group",
        "lr-to-zero",
        "linear-decay",
        "two-optimizers",
        "train-only-the-convolutions",
        "swap-optimizer",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_scenario_teaches(path: Path):
    assert load(path).description
    assert path.read_text().startswith("# ")
