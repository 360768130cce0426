"""What a script has frozen itself is part of its states: replay and resume reach the same bits."""

import json
from dataclasses import replace

import pytest

from tests.torch_script.fixtures import losses_of, read_lines
from tests.torch_script.groups.test_script_freezes import make_frozen
from tests.torch_script.problem import STEPS
from tests.torch_script.test_repeat import script
from tuitrain.cli import main
from tuitrain.engines.torch.script.steering import steer

__all__ = ["script"]

RESUMABLE = """
import os, sys
import tuitrain
from tests.torch_script.groups.test_script_freezes import body, make_frozen
from tests.torch_script.problem import EPOCHS

problem = make_frozen()
run = tuitrain.watch(problem.net, problem.optimizer, plan={6: "checkpoint six"})
for batch in run.batches(problem.loader, epochs=EPOCHS):
    if run.steps_taken == int(os.environ.get("LEAVE", 99)):
        sys.exit(0)
    if run.steps_taken == THAW:
        for item in body(problem):
            item.requires_grad = True
    run.step(problem.differentiate(batch))
"""


@pytest.mark.parametrize("thaw", [4, 8])
def test_replay_and_resume_train_the_same_bits(script, capfd, monkeypatch, thaw):
    text = RESUMABLE.replace("THAW", str(thaw))
    command, whole = script(text, "whole")
    assert main(["replay", "--json", str(whole), *command]) == 0
    result = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert (result["identical_through"], result["ok"]) == (STEPS, True)
    monkeypatch.setenv("LEAVE", "13")
    command, run = script(text)
    monkeypatch.delenv("LEAVE")
    assert main(["resume", str(run), *command]) == 0
    assert "from checkpoint six of step 6" in capfd.readouterr().err
    ends = [read_lines(one, "journal.jsonl")[-1]["digests"] for one in (whole, run)]
    assert ends[0] == ends[1]
    assert losses_of(run) == losses_of(whole)


def test_a_state_of_an_older_version_leaves_the_scripts_freezes_to_the_script():
    problem = make_frozen()
    engine = steer(problem.net, problem.optimizer, 5, (), None, 1, {})
    state = engine.state()
    names = {n for n, _ in problem.net.named_parameters() if not n.startswith("last")}
    frozen = {**dict.fromkeys(sorted(names), 0), "last.bias": 0}
    random = {key: value for key, value in state.random.items() if key != "requires_grad"}
    engine.load_state(replace(state, frozen=frozen, random=random))
    body_view, last = engine.groups()
    assert (body_view.frozen_since, body_view.is_frozen_by_script) == (0, True)
    assert [row.frozen_since for row in last.parameters] == [None, 0]
    assert engine.state().frozen == {"last.bias": 0}
    engine.loop.end()
