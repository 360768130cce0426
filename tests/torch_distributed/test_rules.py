"""Rules and limits of a run on several ranks."""

from tests.torch_distributed.launch import run
from tests.torch_script.fixtures import losses_of, read_lines


def trained(folder, kind):
    """Run a loop of a kind, and return its commands with their actors."""
    ranks = run("loops.py", 2, folder, str(folder / "run"), kind)
    assert ranks[0].printed == ranks[1].printed != ""
    return [
        (line["step"], line["command"], line["actor"], line["outcome"])
        for line in read_lines(folder / "run", "journal.jsonl")
        if line["event"] == "command"
    ]


def test_a_rule_acts_before_the_step_that_another_rank_fails(tmp_path):
    commands = trained(tmp_path, "rule on loss")
    assert commands[1:] == [(24, "lr * x0.5", "rule", "applied")]
    assert len(losses_of(tmp_path / "run")) == 30


def test_a_rule_takes_all_ranks_back(tmp_path):
    commands = trained(tmp_path, "rule on nan")
    used = [(24, "rewind 20", "rule", "applied"), (20, "freeze body", "rule", "applied")]
    assert [entry for entry in commands if entry[1] != "pause"][1:] == used + used
    assert (24, "pause", "rule", "applied") in commands


def test_a_rule_on_a_metric_acts_where_rank_0_reports_it(tmp_path):
    commands = trained(tmp_path, "rule on accuracy")
    assert [entry[1:] for entry in commands[1:]] == [("lr last x0.5", "rule", "applied")]
    assert commands[1][0] in (56, 57)
