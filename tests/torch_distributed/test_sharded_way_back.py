"""With `run.batches` a run under `fully_shard` goes back, and continues from a checkpoint."""

import json

import pytest

from tests.torch_distributed.launch import SIZES, run, started
from tests.torch_script.fixtures import commands_of, messages_of, read_lines
from tuitrain.script.repetition import VARIABLE, Request, encode_request, read_answer

THERE_AND_BACK = {
    3: "checkpoint here",
    6: "try lr last x0.1, x10 for 2 steps",
    9: "rewind 4",
    12: ["freeze body", "undo"],
    14: "checkpoint here",
    17: "rewind here",
}


def trained(folder, name, plan, size=2, **env) -> str:
    ranks = run("sharded.py", size, folder, str(folder / name), json.dumps(plan), "batches", **env)
    printed = {rank.printed for rank in ranks}
    assert len(printed) == 1
    return printed.pop()


def repeated(action, folder, name, plan, size=2, although_changed=False):
    """Return what a repetition of a record has printed, and its answer."""
    answer = folder / "answer" / "answer.json"
    answer.parent.mkdir(exist_ok=True)
    request = Request(action, str(folder / name), str(answer), None, although_changed)
    arguments = (str(folder / name), json.dumps(plan), "batches")
    env = {VARIABLE: encode_request(request)}
    with started("sharded.py", size, folder, *arguments, **env) as ranks:
        for rank in ranks:
            rank.wait()
    return ranks, read_answer(request)


@pytest.fixture
def broken_off(tmp_path):
    """A run with a checkpoint of step 12 that has failed at step 15, and its plan."""
    plan = {12: ["lr last x0.5", "checkpoint here"]}
    arguments = (str(tmp_path / "run"), json.dumps(plan), "batches")
    with started("sharded.py", 2, tmp_path, *arguments, FAIL_AT="15") as ranks:
        assert all(rank.wait() for rank in ranks)
    return plan


@pytest.mark.parametrize("size", SIZES)
def test_a_run_that_goes_back_ends_with_the_same_bits(tmp_path, size):
    plain = trained(tmp_path, "plain", {}, size)
    assert trained(tmp_path, "run", THERE_AND_BACK, size) == plain
    outcomes = [outcome for *_, outcome in commands_of(tmp_path / "run")]
    assert set(outcomes) == {"applied"}, messages_of(tmp_path / "run")
    parts = sorted(path.name for path in (tmp_path / "run/checkpoints/here.ranks").iterdir())
    assert len(parts) == size - 1  # those of the replaced checkpoint are removed
    assert parts[0].startswith("14-")


def test_a_run_continues_from_the_checkpoint_that_each_rank_has_a_part_of(tmp_path, broken_off):
    ranks, answer = repeated("resume", tmp_path, "run", broken_off)
    assert answer is not None and not answer.error
    assert "continues from checkpoint here of step 12" in ranks[0].errors
    assert ranks[0].printed == ranks[1].printed == trained(tmp_path, "plain", broken_off)


def test_an_interrupted_run_continues(tmp_path):
    plan = {12: "checkpoint here"}
    arguments = (str(tmp_path / "run"), json.dumps(plan), "batches")
    with started("sharded.py", 2, tmp_path, *arguments, FAIL_AT="15", INTERRUPT="1") as ranks:
        assert all(rank.wait() for rank in ranks)
    last = read_lines(tmp_path / "run", "journal.jsonl")[-1]
    assert last["event"] == "end"
    assert last["reason"] in ("interrupted", "failed")  # if rank 1 ends first, it has failed
    assert last["digests"] == {}
    ranks, answer = repeated("resume", tmp_path, "run", plan)
    assert answer is not None and not answer.error
    assert ranks[0].printed == ranks[1].printed == trained(tmp_path, "plain", plan)


def test_a_missing_part_is_named_and_the_run_begins_again(tmp_path, broken_off):
    (part,) = (tmp_path / "run/checkpoints/here.ranks").iterdir()
    part.write_bytes(part.read_bytes()[:-200])
    ranks, _ = repeated("resume", tmp_path, "run", broken_off)
    assert "trains again from the start" in ranks[0].errors
    assert f"here: rank 1: {part} is damaged" in ranks[0].errors
    assert ranks[0].printed == trained(tmp_path, "plain", broken_off)


def test_another_number_of_ranks_cannot_continue_it(tmp_path, broken_off):
    ranks, answer = repeated("resume", tmp_path, "run", broken_off, size=3)
    assert answer is not None
    assert "ranks: 3 here, 2 recorded" in answer.error
    assert [(rank.wait(), rank.errors) for rank in ranks] == [(0, "")] * 3  # only the answer tells
    ranks, _ = repeated("resume", tmp_path, "run", broken_off, 3, although_changed=True)
    assert "here: the state is of 2 processes, and this run has 3" in ranks[0].errors


def test_a_record_has_the_digests_of_all_parts(tmp_path):
    plan = {9: "rewind 4"}
    trained(tmp_path, "run", plan)
    lines = read_lines(tmp_path / "run", "journal.jsonl")
    digests = [line["digests"] for line in lines if line["event"] == "digest"]
    assert "last.bias" in digests[-1]
    _, answer = repeated("replay", tmp_path, "run", plan)
    assert answer is not None and not answer.error
    assert answer.verification.verdict.ok
