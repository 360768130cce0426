"""Breakpoints of all ranks, metrics, epochs, and an early end."""

import pytest

from tests.torch_distributed.launch import run, started
from tests.torch_script.fixtures import losses_of, read_lines


def digests_of(ranks) -> set[str]:
    return {rank.printed for rank in ranks}


@pytest.mark.parametrize("kind", ["nan", "loss"])
def test_a_breakpoint_holds_the_step_that_another_rank_fails(tmp_path, kind):
    ranks = run("loops.py", 2, tmp_path, str(tmp_path / "run"), kind)
    assert len(digests_of(ranks)) == 1
    pauses = [
        (line["step"], line["actor"])
        for line in read_lines(tmp_path / "run", "journal.jsonl")
        if line.get("command") == "pause"
    ]
    assert (24, "breakpoint") in pauses
    assert len(losses_of(tmp_path / "run")) == 30


def test_what_rank_0_reports_alone_is_recorded_at_its_step(tmp_path):
    ranks = run("loops.py", 2, tmp_path, str(tmp_path / "run"), "logs")
    assert len(digests_of(ranks)) == 1
    lines = read_lines(tmp_path / "run", "metrics.jsonl")
    reports = [(line["step"], line["accuracy"]) for line in lines if "accuracy" in line]
    assert reports == [(step, step) for step in range(7, 201, 7)]


def test_epochs_go_back_on_all_ranks(tmp_path):
    ranks = run("loops.py", 2, tmp_path, str(tmp_path / "run"), "epochs")
    assert len(digests_of(ranks)) == 1
    lines = read_lines(tmp_path / "run", "metrics.jsonl")
    steps = [line["step"] for line in lines if "accuracy" in line]
    assert steps == [5, 10, 5, 10, 15]


def test_a_run_ends_early_on_all_ranks(tmp_path):
    ranks = run("loops.py", 2, tmp_path, str(tmp_path / "run"), "finish")
    assert len(digests_of(ranks)) == 1
    assert len(losses_of(tmp_path / "run")) == 9


def test_loaders_of_other_lengths_are_refused(tmp_path):
    with started("loops.py", 2, tmp_path, str(tmp_path / "run"), "uneven") as ranks:
        assert all(rank.wait() for rank in ranks)
    for rank in ranks:
        assert "rank 1 has another number of batches in an epoch than rank 0" in rank.errors
