"""What the page about other tools shows works as shown."""

from __future__ import annotations

import shlex

import pandas
import pytest

from tests.docs.pages import ROOT, Block, blocks
from tuitrain.cli import main

PAGE = ROOT / "docs" / "how-to" / "other-tools.md"


def blocks_of(*languages: str) -> list[Block]:
    return [block for block in blocks(*languages) if block.page == PAGE]


def commands(name: str) -> list[list[str]]:
    lines = [line for block in blocks_of("console") for line in block.text.splitlines()]
    words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    return [line[1:] for line in words if line[:2] == ["tuitrain", name]]


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    trained.rename(tmp_path / "RUN_DIR")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def test_the_exports_are_written(folder):
    for words in commands("export"):
        assert main(words) == 0
    assert {"main", "b1"} <= {path.name for path in (folder / "runs" / "RUN_DIR").iterdir()}
    assert (folder / "run.csv").exists()
    names = {"pandas": pandas}
    (text,) = [block.text for block in blocks_of("text") if "pandas" in block.text]
    exec(compile(text, "page", "exec"), names)
    assert len(names["commands"]) == 5
