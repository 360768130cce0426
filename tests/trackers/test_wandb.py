"""W&B's own tools read what is exported for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run_folders import left_behind
from tuitrain.errors import TuitrainError
from tuitrain.records.history import read_history
from tuitrain.tracking.export import export_run


def exported(run: Path, folder: Path) -> dict[str, list[dict]]:
    """Return the records of each branch."""
    export_run(run, {"wandb": folder})
    return inspected(folder)


def inspected(folder: Path) -> dict[str, list[dict]]:
    """Return the records that ``wandb leet inspect`` reads in a folder, by branch."""
    branches = {}
    for place in sorted((folder / "wandb").glob("offline-run-*")):
        words = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(place)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        records = [json.loads(line) for line in done.stdout.splitlines()]
        (name,) = [item["run"]["display_name"] for item in records if item["type"] == "run"]
        branches[name.split()[-1]] = records
    return branches


def history(records: list[dict]) -> list[dict]:
    return [item["history"] for item in records if item["type"] == "history"]


def test_each_branch_is_a_finished_run_with_all_its_losses(trained, tmp_path):
    branches = exported(trained, tmp_path / "out")
    assert sorted(branches) == ["b1", "main"]
    for segment in read_history(trained).segments:
        records = branches[segment.branch.name]
        loss = segment.branch.loss.series()
        items = [item["item"] for item in history(records) if "loss" in item["item"]]
        assert [item["_step"] for item in items] == loss.steps.tolist()
        assert [item["loss"] for item in items] == loss.values.tolist()
        (end,) = [item["exit"] for item in records if item["type"] == "exit"]
        assert not end.get("exit_code")


def test_values_of_a_step_are_one_entry_of_the_history(trained, tmp_path):
    items = {
        item["item"]["_step"]: item["item"]
        for item in history(exported(trained, tmp_path / "out")["main"])
    }
    assert {"loss", "accuracy", "lr/head", "grad_norm/fc", "command"} <= set(items[7])
    assert items[7]["command"].startswith("lr head 0.2\napplied, by scenario")
    assert "checkpoint one" in items[7]["command"]
    assert items[7]["parameter/fc1.weight._type"] == "histogram"


def test_the_configuration_is_the_scenario_with_the_parent_of_the_branch(trained, tmp_path):
    records = exported(trained, tmp_path / "out")["b1"]
    (run,) = [item["run"] for item in records if item["type"] == "run"]
    config = run["config"]["update"]
    assert config["name"] == "small"
    assert (config["parent"], config["fork"]) == ("main", 10)
    assert run["run_group"] == trained.name


def test_nothing_of_the_machine_is_written(trained, tmp_path):
    export_run(trained, {"wandb": tmp_path / "out"})
    assert [path.name for path in (tmp_path / "out").rglob("files/*")] == []


def test_losses_that_are_not_finite_and_odd_names_are_read(broken, tmp_path):
    last = history(exported(broken, tmp_path / "out")["main"])[-1]["item"]
    assert str(last["loss"]).lower() == "nan"
    assert last["val/acc, 100 % — ü"] == 0.25


def test_a_run_without_a_step_is_an_empty_run(tmp_path):
    records = exported(left_behind(tmp_path / "a"), tmp_path / "out")["main"]
    assert history(records) == []


def test_a_run_is_not_written_twice(trained, tmp_path):
    export_run(trained, {"wandb": tmp_path / "out"})
    with pytest.raises(TuitrainError, match="has this run already"):
        export_run(trained, {"wandb": tmp_path / "out"})
