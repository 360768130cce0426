"""Cases and scripts give what MegEngine 1.13 gave; `scripts/compare_megengine.py` recorded it."""

import json
import re
from pathlib import Path

import pytest

import tuitrain_core
from tests.core.megengine.evaluate import HERE, evaluate, is_same, read_cases, run_script

CASES = read_cases()
VALUES = json.loads((HERE / "values.json").read_text())
LOSSES = json.loads((HERE / "losses.json").read_text())
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "megengine.md"
DIFFERENCES = re.findall(r"`(\w+\.\w+)`", PAGE.read_text().split("## Cases that differ")[1])


def test_there_is_a_value_for_every_case():
    assert VALUES.keys() == CASES.keys()
    assert len(CASES) >= 240


@pytest.mark.parametrize("name", [name for name in CASES if name not in DIFFERENCES])
def test_a_case_gives_the_same_value(name):
    assert is_same(VALUES[name], evaluate(CASES[name], "tuitrain_core"))


def test_the_page_lists_the_cases_that_differ():
    assert 0 < len(DIFFERENCES) <= 12
    for name in DIFFERENCES:
        assert not is_same(VALUES[name], evaluate(CASES[name], "tuitrain_core")), name


@pytest.mark.parametrize(
    "path", sorted((HERE / "scripts").glob("*.py")), ids=lambda path: path.stem
)
def test_a_script_runs_with_only_its_imports_changed(path):
    assert is_same(LOSSES[path.stem], run_script(path, "tuitrain_core"))


def test_the_names_that_scripts_use_exist():
    missing = []
    for line in (HERE / "names.txt").read_text().splitlines():
        owner, *names = line.split()
        namespace = tuitrain_core
        for part in owner.split(".")[1:]:
            namespace = getattr(namespace, part)
        # `grad` and `name` are slots, and `forward` is in every subclass.
        missing += [f"{owner}.{name}" for name in names if not hasattr(namespace, name)]
    assert missing == []
