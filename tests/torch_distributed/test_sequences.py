"""After any sequence of commands all ranks have the same parameters and optimizer state."""

import os
from collections import Counter

import pytest

from tests.torch_distributed.launch import run
from tests.torch_script.fixtures import commands_of

COUNT = int(os.environ.get("TUITRAIN_RANK_SEQUENCES", "8"))


@pytest.mark.parametrize(
    ("kind", "size", "count"),
    [("ddp", 2, COUNT), ("ddp", 4, COUNT // 4), ("sharded", 2, COUNT // 2)],
)
def test_generated_sequences_leave_all_ranks_with_the_same_state(tmp_path, kind, size, count):
    seconds = 60 + 8 * count
    ranks = run("sequences.py", size, tmp_path, str(tmp_path), str(count), kind, seconds=seconds)
    lines = ranks[0].printed.splitlines()
    assert len(lines) == count
    for rank in ranks:
        assert rank.printed.splitlines() == lines
    if kind == "sharded":  # with DistributedDataParallel the first step may differ
        assert "cannot be repeated exactly" not in ranks[0].errors
    outcomes = Counter(
        (command.split()[0], outcome)
        for seed in range(count)
        for _, command, outcome in commands_of(tmp_path / f"run{seed}")
    )
    print(outcomes)
    assert any(outcome == "applied" for _, outcome in outcomes)
