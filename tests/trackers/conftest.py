"""Runs whose logs the tools read back; `make logs-test` installs the tools."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.run_folders import accuracy, command, groups, left_behind, losses
from tests.scenario.small import head
from tuitrain.cli import main
from tuitrain.scenario.load import loads

TEXT = f"""{head(4)}\
[[at]]
epoch = 1
do = ["lr head 0.2", "checkpoint one"]
[[at]]
step = 20
do = "rewind 10"
"""

WHY = 'a *star*, `a tick`, <b>, "quotes" and 你好'


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """The record of a small run with two branches and a checkpoint."""
    scenario = tmp_path / "small.toml"
    scenario.write_text(TEXT)
    assert loads(TEXT, "small").name == "small"
    folder = tmp_path / "small run, #1"
    assert main(["run", "--headless", str(scenario), "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A record with a loss that is not finite, a reason in many characters, and odd names."""
    lines = [losses(1, 3), {"event": "loss", "step": 4, "loss": [None]}, accuracy(4, math.nan)]
    lines[-1]["accuracy"] = None
    odd = {"event": "metric", "step": 4, "name": "val/acc, 100 % — ü", "value": 0.25}
    folder = left_behind(
        tmp_path / "broken", [{**command(2, "lr fc 0.5"), "why": WHY}], [*lines, odd]
    )
    line = {**groups(3, **{"fc.1-a": (1.5, 0.25)}), "rates": {"fc.1-a": 1e-300}}
    (folder / "groups.jsonl").write_text(json.dumps(line) + "\n")
    return folder
