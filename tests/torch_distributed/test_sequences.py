"""After any sequence of commands all ranks have the same parameters and optimizer state."""

import os
from collections import Counter

from tests.torch_distributed.launch import run
from tests.torch_script.fixtures import commands_of

COUNT = int(os.environ.get("TUITRAIN_RANK_SEQUENCES", "8"))


def test_generated_sequences_leave_all_ranks_with_the_same_state(tmp_path):
    ranks = run("sequences.py", 2, tmp_path, str(tmp_path), str(COUNT), seconds=60 + 8 * COUNT)
    lines = ranks[0].printed.splitlines()
    assert len(lines) == COUNT
    assert ranks[1].printed.splitlines() == lines
    outcomes = Counter(
        (command.split()[0], outcome)
        for seed in range(COUNT)
        for _, command, outcome in commands_of(tmp_path / f"run{seed}")
    )
    print(outcomes)
    assert any(outcome == "applied" for _, outcome in outcomes)
