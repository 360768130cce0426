"""Every rank applies the commands of rank 0 before the same step."""

import json

import pytest

from tests.torch_distributed.launch import run
from tests.torch_script.fixtures import commands_of, losses_of
from tests.torch_script.problem import STEPS

PLAN = {3: "freeze body", 7: ["thaw body", "lr last x0.5"], 12: "lr * 0.05"}


@pytest.mark.parametrize("size", [2, 4])
def test_all_ranks_end_with_the_same_weights(tmp_path, size):
    ranks = run("one_line.py", size, tmp_path, str(tmp_path / "run"), json.dumps(PLAN))
    assert len({rank.printed for rank in ranks}) == 1
    expected = [(3, "freeze body"), (7, "thaw body"), (7, "lr last x0.5"), (12, "lr * 0.05")]
    assert commands_of(tmp_path / "run") == [(*entry, "applied") for entry in expected]
    assert len(losses_of(tmp_path / "run")) == STEPS
    assert [rank.errors for rank in ranks[1:]] == [""] * (size - 1)


def test_watched_ranks_train_the_bits_of_unwatched_ones(tmp_path):
    plain = run("one_line.py", 2, tmp_path, "-", "{}")[1].printed
    watched = run("one_line.py", 2, tmp_path, str(tmp_path / "run"), "{}")[1].printed
    assert plain == watched


def test_commands_change_the_weights_of_all_ranks(tmp_path):
    plain = run("one_line.py", 2, tmp_path, str(tmp_path / "plain"), "{}")[1].printed
    steered = run("one_line.py", 2, tmp_path, str(tmp_path / "run"), json.dumps(PLAN))[1].printed
    assert plain != steered
