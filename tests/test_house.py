"""How the house is laid out: who may import whom, and what must not be loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a new interpreter holds after a statement."""
    code = (
        f"import sys, json; {statement}; print(json.dumps([m.split('.')[0] for m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_dependencies_point_one_way(capsys):
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0
    assert "0 broken" in capsys.readouterr().out


def test_the_core_loads_nothing_of_the_run_and_no_screen():
    loaded = modules_after("import tuitrain_core")
    assert not loaded & {"tuitrain", "textual", "rich", "msgspec", "threadpoolctl"}


def test_the_run_loads_no_screen():
    loaded = modules_after("import tuitrain.run.live.live_run, tuitrain.scenario.replay")
    assert "textual" not in loaded


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["bench", "--help"], ["--version"]]
)
def test_help_loads_neither_numba_nor_textual(arguments):
    run = f"from tuitrain.cli import main\ntry: main({arguments})\nexcept SystemExit: pass\n"
    code = f"exec({run!r})"
    assert not modules_after(code) & {"numba", "textual", "numpy"}
