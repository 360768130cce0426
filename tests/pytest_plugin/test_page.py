"""The guide to the plugin works as shown, on a scenario in the box."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import blocks

SCENARIO = Path(__file__).parents[2] / "scenarios" / "lr-to-zero.toml"


@pytest.mark.slow
def test_the_page_works_as_shown(pytester: pytest.Pytester):
    shown = [block for block in blocks("toml", "python", "text") if block.page.name == "pytest.md"]
    settings = [block.text for block in shown if block.language == "toml"]
    tests = [block.text for block in shown if block.language == "python"]
    names = next(block.text for block in shown if block.language == "text").splitlines()
    pytester.makepyprojecttoml(settings[-1])
    (pytester.mkdir("scenarios") / SCENARIO.name).write_text(SCENARIO.read_text())
    pytester.makepyfile("\n".join(tests))
    listed = pytester.runpytest_subprocess("--collect-only", "-q").stdout.str()
    assert [name for name in names if name not in listed] == []
    pytester.runpytest_subprocess("-q", "-m", "slow or not slow").assert_outcomes(passed=7)
