"""With `run.batches` all ranks go back together, each with its own sampler and generators."""

import json

import pytest

from tests.torch_distributed.launch import run
from tests.torch_script.fixtures import commands_of, losses_of, messages_of


def digests(folder, plan, size=2):
    ranks = run("batches.py", size, folder, str(folder / f"run-{len(plan)}"), json.dumps(plan))
    printed = {rank.printed for rank in ranks}
    assert len(printed) == 1
    return printed.pop(), folder / f"run-{len(plan)}"


@pytest.mark.parametrize("size", [2, 4])
def test_a_rewind_is_exact_on_all_ranks(tmp_path, size):
    plain, _ = digests(tmp_path, {}, size)
    there_and_back = {3: "checkpoint here", 9: "rewind 4", 17: "rewind here"}
    again, out = digests(tmp_path, there_and_back, size)
    assert [outcome for *_, outcome in commands_of(out)] == ["applied"] * 3, messages_of(out)
    assert again == plain
    assert len(losses_of(out)) > 20
