"""A rank that dies, hangs or fails ends the run, with its number and the reason."""

import signal
import time
from pathlib import Path

import pytest

from tests.torch_distributed.launch import SIZES, Rank, started
from tests.torch_script.fixtures import read_lines

TIMEOUT = 10.0
"""Seconds without a sign of life after which a rank is lost; a busy machine needs some."""

SLACK = 60.0


def wait_for_step(rank: Rank) -> None:
    deadline = time.monotonic() + 60
    while "here" not in rank.printed:
        assert rank.process.poll() is None, rank.errors
        assert time.monotonic() < deadline, "the ranks have not begun"
        rank.process.poll()


def end_of(folder: Path) -> str:
    return [line for line in read_lines(folder, "journal.jsonl") if line["event"] == "end"][-1][
        "reason"
    ]


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGKILL, "rank 1 has died"), (signal.SIGSTOP, "rank 1 has given no sign of life")],
)
@pytest.mark.parametrize("size", SIZES)
def test_a_rank_that_is_killed_or_stopped_ends_the_run(tmp_path, size, number, words):
    out = tmp_path / "run"
    environment = {"TUITRAIN_RANK_TIMEOUT": str(TIMEOUT)}
    with started("slow.py", size, tmp_path, str(out), "20", "nothing", **environment) as ranks:
        wait_for_step(ranks[1])
        ranks[1].signal(number)
        began = time.monotonic()
        statuses = [rank.wait(TIMEOUT + SLACK) for rank in ranks if rank is not ranks[1]]
        assert time.monotonic() - began < TIMEOUT + SLACK
    assert all(statuses), statuses
    assert words in ranks[0].errors
    assert end_of(out) == "failed"
    for rank in ranks[2:]:
        assert words in rank.errors


@pytest.mark.parametrize(
    ("what", "words"), [("raise", "ValueError: no such batch"), ("exit", "rank 1"), ("finish", "")]
)
def test_a_rank_that_ends_alone_ends_the_run(tmp_path, what, words):
    out = tmp_path / "run"
    environment = {"TUITRAIN_RANK_TIMEOUT": str(TIMEOUT)}
    with started("slow.py", 2, tmp_path, str(out), "20", what, **environment) as ranks:
        status = ranks[0].wait(60)
    assert status
    assert words in ranks[0].errors
    assert (out / "journal.jsonl").exists()


def test_ranks_that_wait_in_an_exchange_for_one_that_hangs_end(tmp_path):
    out = tmp_path / "run"
    environment = {"TUITRAIN_RANK_TIMEOUT": str(TIMEOUT)}
    with started("slow.py", 3, tmp_path, str(out), "20", "hang", **environment) as ranks:
        wait_for_step(ranks[1])
        statuses = [ranks[rank].wait(TIMEOUT + SLACK) for rank in (0, 2)]
    assert statuses == [1, 1]
    assert end_of(out) == "failed"
    for rank in (0, 2):
        assert "rank 1 has given no sign of life" in ranks[rank].errors


def test_a_watch_on_some_ranks_is_refused_on_each_of_them(tmp_path):
    environment = {"TUITRAIN_RANK_TIMEOUT": "2"}
    out = str(tmp_path / "run")
    with started("slow.py", 3, tmp_path, out, "0", "alone", **environment) as ranks:
        assert all(ranks[rank].wait(60) for rank in (0, 2))
    for rank in (0, 2):
        assert "rank 1 has not called watch within 2 s" in ranks[rank].errors
