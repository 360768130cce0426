"""Whose a learning rate is in a loop with the core: the script's, or that of commands."""

import json

import pytest

from tests.conformance.embedded import make_engine
from tests.script.problem import make_problem
from tests.script.test_live import fly
from tuitrain import watch
from tuitrain.commands import parse
from tuitrain.errors import RefusedError
from tuitrain.run.snapshot import Phase

__all__ = ["fly"]


def test_auto_gives_the_rate_back_to_the_script(tmp_path):
    problem = make_problem()
    plan = {3: "lr last 0.7", 12: ["lr last auto", "lr last auto"]}
    run = watch(problem.net, problem.optimizer, steps=20, plan=plan, out=tmp_path / "run")
    for epoch in range(4):
        for options in problem.optimizer.param_groups:
            options["lr"] = 0.1 / (epoch + 1)
        problem.train_epochs(1)
    run.finish()
    lines = map(json.loads, (tmp_path / "run" / "journal.jsonl").read_text().splitlines())
    entries = [entry for entry in lines if entry["event"] == "command"]
    assert [entry["outcome"] for entry in entries] == ["applied", "applied", "unchanged"]
    assert entries[0]["message"] == "last: lr 0.7 from here on; the script no longer sets it"
    assert "set by the script from here on" in entries[1]["message"]


def test_the_way_back_restores_whose_the_rate_is(fly):
    problem = make_problem()

    def script() -> None:
        plan = {4: "lr last 0.7", 8: "lr last auto", 12: "pause"}
        settings = {"loader": problem.loader, "epochs": 10, "plan": plan}
        run = watch(problem.net, problem.optimizer, **settings)
        for batch in run.batches():
            problem.train(*batch)

    deck = fly(script)
    assert {group.schedule for group in deck.wait_for(Phase.PAUSED).groups} == {"script"}
    assert deck.do("rewind 6").outcome == "applied"
    schedules = {group.name: group.schedule for group in deck.live.snapshot().groups}
    assert schedules["last"] == "constant"


def test_a_scenario_has_no_other_owner():
    with pytest.raises(RefusedError, match="the groups of this run have no other owner"):
        make_engine().apply(parse("lr fc auto"))
