"""What the page about PyTorch shows works as shown."""

import shlex
import sys
from pathlib import Path

import pytest
import torch

from tests.docs.pages import ROOT, Block, blocks
from tests.torch_script.fixtures import commands_of
from tuitrain.cli import main
from tuitrain.records.record_reader import SUMMARY

PAGE = ROOT / "docs" / "how-to" / "pytorch.md"
OTHERS = [
    block
    for block in blocks("python")
    if block.page.name not in (PAGE.name, "several-processes.md") and "import torch" in block.text
]
"""Scripts of other pages."""


def blocks_of(*languages: str) -> list[Block]:
    return [block for block in blocks(*languages) if block.page == PAGE]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with the files of the page, as the working directory."""
    one_line, three_lines, nets, *_ = blocks_of("python")
    plan, scenario = blocks_of("toml")
    files = {
        "one.py": one_line,
        "train.py": three_lines,
        "nets.py": nets,
        "plan.toml": plan,
        "scenario.toml": scenario,
    }
    for name, block in files.items():
        (tmp_path / name).write_text(block.text)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of processes that repeat a run
    torch.set_num_threads(1)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("script", ["one.py", "train.py"])
def test_the_loops_run(folder, script):
    assert main(["run", "--headless", "--out", "run", script]) == 0


@pytest.mark.parametrize("script", OTHERS, ids=str)
def test_scripts_of_other_pages_run(folder, script):
    (folder / "train.py").write_text(script.text)
    assert main(["run", "--headless", "--out", "run", "train.py"]) == 0


def test_the_plan_holds(folder):
    text = (folder / "one.py").read_text()
    (folder / "one.py").write_text(
        text.replace("watch(net, optimizer)", 'watch(net, optimizer, scenario="plan.toml")')
    )
    assert main(["run", "--headless", "--out", "run", "one.py"]) == 0
    assert [step for step, _, _ in commands_of(folder / "run")] == [0, 16, 16, 16]


def test_a_run_is_replayed_and_resumed_as_written(folder, capfd):
    lines = [line for block in blocks_of("console") for line in block.text.splitlines()]
    written = [shlex.split(line)[2:] for line in lines if " -- " in line]
    assert [words[0] for words in written] == ["replay", "resume"]
    assert main(["run", "--headless", "--out", "RUN_DIR", "train.py"]) == 0
    for words in written:
        if words[0] == "resume":
            (folder / "RUN_DIR" / SUMMARY).unlink()  # as if it had been killed
        assert main([sys.executable if word == "python" else word for word in words]) == 0
    assert "identical through step 32" in capfd.readouterr().out


def test_the_scenario_runs(folder):
    assert main(["replay", "scenario.toml"]) == 0
