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


def test_the_script_writes_logs_while_it_trains(folder):
    (block,) = blocks_of("python")
    (folder / "train.py").write_text(block.text)
    assert main(["run", "--headless", "--out", "run", "train.py"]) == 0
    assert (folder / "run" / "tensorboard" / "main").is_dir()
    assert len((folder / "run" / "log.csv").read_text().splitlines()) > 20


def test_the_imports_make_recordings(folder):
    for words in [*commands("export")[:1], *commands("import")]:
        if "--loss" in words:
            words[words.index("--loss") + 1] = "loss"  # the tag of this run
        assert main(words) == 0
    assert len(list((folder / "recordings").iterdir())) == 2
