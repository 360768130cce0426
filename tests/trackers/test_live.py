"""The tools read what a live run writes, which is what an export of its record gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trackers.conftest import TEXT
from tests.trackers.test_tensorboard import exported, read, texts
from tests.trackers.test_wandb import history, inspected
from tuitrain.cli import main
from tuitrain.tracking.export import export_run

LOG = "[log]\ntensorboard = true\nwandb = true\n"


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    """The record of a small run that has written logs."""
    (tmp_path / "small.toml").write_text(TEXT + LOG)
    words = ["run", "--headless", str(tmp_path / "small.toml"), "--out", str(tmp_path / "run")]
    assert main(words) == 0
    return tmp_path / "run"


def test_tensorboard_reads_the_same_from_a_live_log(logged, tmp_path):
    for name, other in exported(logged, tmp_path / "tb").items():
        here = read(logged / "tensorboard" / name)
        assert here.Tags() == other.Tags()
        for tag in here.Tags()["scalars"]:
            values = [
                [(event.step, event.value) for event in events.Scalars(tag)]
                for events in (here, other)
            ]
            assert values[0] == values[1]
        assert texts(here) == texts(other)
        for tag in here.Tags()["histograms"]:
            known = [events.Histograms(tag)[0].histogram_value for events in (here, other)]
            assert known[0] == known[1]


def test_wandb_reads_the_same_from_a_live_log(logged, tmp_path):
    export_run(logged, {"wandb": tmp_path / "out"})
    here, other = inspected(logged), inspected(tmp_path / "out")
    assert sorted(here) == sorted(other)
    for name in here:
        assert values(here[name]) == values(other[name])


def values(records: list[dict]) -> list[dict]:
    """Return the history without its times."""
    times = ("_timestamp", "_runtime")
    items = [item["item"] for item in history(records)]
    return [{key: value for key, value in item.items() if key not in times} for item in items]
