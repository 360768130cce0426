"""Commands under `fully_shard`, where each rank has a part of the parameters."""

import json
import math

import pytest

from tests.torch_distributed.launch import run
from tests.torch_script.fixtures import commands_of, messages_of, read_lines

PLAN = {
    2: "freeze body",
    5: ["thaw body", "lr last x0.5", "clip norm 0.05"],
    7: ["optimizer body sgd momentum=0.9", "group weights = *.weight"],
    9: "clip value 0.01",
    11: ["break when grad_norm last > 1000", "schedule * cosine to 0 over 5 steps"],
    13: "optimizer * adamw",
}


def trained(tmp_path, plan, name) -> str:
    folder = str(tmp_path / name) if name != "-" else name
    ranks = run("sharded.py", 2, tmp_path, folder, json.dumps(plan), "line")
    printed = {rank.printed for rank in ranks}
    assert len(printed) == 1
    return printed.pop()


def test_a_watched_run_trains_the_bits_of_an_unwatched_one(tmp_path):
    assert trained(tmp_path, {}, "run") == trained(tmp_path, {}, "-")


def test_commands_reach_the_parts_of_all_ranks(tmp_path):
    steered = trained(tmp_path, PLAN, "run")
    assert steered != trained(tmp_path, {}, "plain")
    assert {outcome for *_, outcome in commands_of(tmp_path / "run")} == {"applied"}
    assert steered == trained(tmp_path, PLAN, "again")


def test_norms_are_those_of_the_whole_parameters(tmp_path):
    trained(tmp_path, {0: "clip norm 1e-4"}, "run")
    last = read_lines(tmp_path / "run", "groups.jsonl")[-1]["groups"]
    norms = [grad_norm for grad_norm, _ in last.values()]
    assert math.hypot(*norms) == pytest.approx(1e-4, rel=1e-3)


def test_the_way_back_of_a_loop_that_fetches_its_own_batches_is_refused(tmp_path):
    trained(tmp_path, {4: ["rewind 2", "checkpoint here"]}, "run")
    assert [outcome for *_, outcome in commands_of(tmp_path / "run")] == ["refused", "applied"]
    assert "run.batches" in messages_of(tmp_path / "run")[0]
