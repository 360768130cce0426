"""A project of its own for each test of the plugin, with small scenarios."""

from __future__ import annotations

import pytest

from tests.scenario.small import TEXT
from tuitrain.pytest_plugin.drawn_screen import DrawScreen
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay

OPTIONS = (
    "[pytest]\ntuitrain_scenarios = scenarios\nasyncio_default_fixture_loop_scope = function\n"
)

MODEL = """
import os
from pathlib import Path
from tests.scenario.small import data, model as small

def model():
    with Path("made.txt").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    return small()
"""

COUNTED = TEXT.replace("tests.scenario.small:model", "counted:model")


@pytest.fixture(scope="session", autouse=True)
def loaded() -> None:
    """Load what a run and a screen need: pytester forgets the modules that an inner run imports."""
    assert DrawScreen is not None
    assert list(replay(loads(TEXT, "small"), "small"))


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a project with one scenario, which notes in which process its model is made."""
    pytester.makeini(OPTIONS)
    folder = pytester.mkdir("scenarios")
    monkeypatch.syspath_prepend(folder)
    (folder / "counted.py").write_text(MODEL)
    (folder / "small.toml").write_text(COUNTED)
    return pytester
