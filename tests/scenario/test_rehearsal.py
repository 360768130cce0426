"""A plan with an impossible command is an error before the first step."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenario.small import TEXT
from tuitrain.cli import main
from tuitrain.errors import ScenarioError
from tuitrain.run.snapshot import JournalEntry
from tuitrain.scenario.build import build
from tuitrain.scenario.expect import Expectations
from tuitrain.scenario.live_expectations import build_with_expectations
from tuitrain.scenario.load import loads
from tuitrain.scenario.rehearsal import rehearse
from tuitrain.scenario.replay import replay
from tuitrain.scenario.run_to_end import run_to_end
from tuitrain.scenario.save import to_toml

HEAD = TEXT[: TEXT.index("[[at]]")]


def planned(*entries: tuple[int, str]) -> str:
    """Return a scenario that does these at their steps."""
    return HEAD + "".join(f'[[at]]\nstep = {step}\ndo = "{do}"\n' for step, do in entries)


def expecting(step: int, group: str, *entries: tuple[int, str]) -> str:
    """Return a scenario that does these, and expects something of a group."""
    return planned(*entries) + (
        f'[[expect]]\nstep = {step}\nchanged = {{ group = "{group}", since_step = 0 }}\n'
    )


NEVER = [
    (planned((5, "freeze had")), "at 1 5", "'had' names no group and no parameter, did you mean"),
    (planned((5, "thaw fc9.*")), "at 1 5", "'fc9.*' names no group and no parameter"),
    (planned((3, "lr head 1"), (5, "lr heads 1")), "at 2 5", "did you mean 'head'? (groups: fc,"),
    (planned((5, "lr fcs x2")), "at 1 5", "no group is called 'fcs', did you mean 'fc'?"),
    (planned((5, "decay fcs over 2 epochs")), "at 1 5", "no group is called 'fcs'"),
    (planned((5, "schedule fcs cosine to 0 over 9 steps")), "at 1 5", "no group is called 'fcs'"),
    (planned((5, "group new = conv*")), "at 1 5", "no parameter matches 'conv*'"),
    (planned((5, "group fc1.bias = fc1.weight")), "at 1 5", "fc1.bias is a parameter"),
    (planned((5, "optimizer fc adan")), "at 1 5", "unknown optimizer 'adan', did you mean 'adam'?"),
    (planned((5, "optimizer fc sgd momentun=1")), "at 1 5", "no setting 'momentun', did you mean"),
    (planned((5, "optimizer fc sgd momentum=2")), "at 1 5", "momentum must be"),
    (planned((5, "rewind 6")), "at 1 5", "step 6 is still to come"),
    (planned((5, "rewind good")), "at 1 5", "no checkpoint is called 'good'; none was made yet"),
    (
        planned((3, "checkpoint good"), (5, "rewind goad")),
        "at 2 5",
        "did you mean 'good'? (checkpoints: good)",
    ),
    (planned((5, "branch b1")), "at 1 5", "no branch is called 'b1'; none was left yet"),
    (planned((5, "undo")), "at 1 5", "there is no command to undo"),
    (planned((5, "redo")), "at 1 5", "there is nothing to redo"),
    (planned((5, "break off nan")), "at 1 5", "'nan' is not a breakpoint here; none is set"),
    (planned((5, "break when grad_norm hat > 1")), "at 1 5", "no group is called 'hat'"),
    (
        planned((5, "break when dead units of head > 9%")),
        "at 1 5",
        "no layer of head is followed by a ReLU (groups that have one: fc)",
    ),
    (planned((5, "preview lr heads 1")), "at 1 5", "no group is called 'heads'"),
    (planned((5, "try lr heads 1, 2 for 3 steps")), "at 1 5", "no group is called 'heads'"),
    # what commands before have made, and taken away
    (planned((4, "group all = *"), (5, "lr fc 1")), "at 2 5", "no group is called 'fc' (groups: a"),
    (planned((6, "group new = fc1*"), (5, "lr new 1")), "at 2 5", "no group is called 'new'"),
    (
        planned((4, "group new = fc*"), (9, "undo"), (10, "lr new 1")),
        "at 3 10",
        "no group is called 'new' (groups: fc, head)",
    ),
    (
        planned((4, "checkpoint a"), (5, "group new = fc*"), (9, "rewind a"), (4, "lr new 1")),
        "at 4 4",
        "no group is called 'new'",
    ),
    (planned((9, "try lr fc 1, 2 for 3 steps"), (9, "branch b3")), "at 2 9", "branches: b1, b2"),
    (
        HEAD + '[[at]]\nepoch = 1\ndo = ["group new = fc*", "lr new 1", "lr fc 1"]\n',
        "at 1 7",
        "'lr fc 1' would be refused there: no group is called 'fc' (groups: head, new)",
    ),
    (expecting(8, "fc", (5, "group all = *")), "expect 1 8", "no group is called 'fc' (groups: al"),
    (expecting(5, "new", (9, "group new = fc*")), "expect 1 5", "no group is called 'new'"),
    (
        expecting(8, "fc", (9, "checkpoint a"), (10, "rewind 5"), (6, "group all = *")),
        "expect 1 8",
        "no group is called 'fc'",
    ),
]


@pytest.mark.parametrize(("text", "where", "error_text"), NEVER)
def test_an_impossible_plan_is_an_error_before_the_first_step(
    text, where, error_text, tmp_path, capsys
):
    path = tmp_path / "x.toml"
    path.write_text(text)
    kind, number, step = where.split()
    assert main(["replay", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"tuitrain: {path}: [[{kind}]] number {number}, step {step}: ")
    assert error_text in err
    assert err.count("\n") == 1
    with pytest.raises(ScenarioError, match=re.escape(f"[[{kind}]] number {number}, step {step}:")):
        build_with_expectations(loads(text, "x.toml"), "x.toml")


def test_an_impossible_plan_leaves_no_record(tmp_path, capsys):
    path = tmp_path / "x.toml"
    path.write_text(planned((5, "freeze had")))
    assert main(["run", "--headless", "--out", str(tmp_path / "run"), str(path)]) == 2
    assert "[[at]] number 1, step 5: 'freeze had' would be refused there" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "text",
    [
        planned((5, "group new = fc1.bias"), (5, "lr new 1"), (9, "undo"), (9, "undo")),
        planned((5, "group new = fc*"), (6, "rewind 4"), (5, "lr head 1"), (7, "lr new 1")),
        planned((5, "checkpoint a"), (6, "group all = *"), (9, "rewind a"), (10, "lr all 1")),
        planned((5, "rewind 2"), (9, "branch main"), (12, "branch b1")),
        planned((5, "break when nan"), (6, "break off nan"), (7, "break off"), (8, "pause")),
        planned((5, "stop"), (9, "lr head 0.5")),
        planned((9, "rewind 8"), (9, "lr head 0.5"), (9, "rewind 8"), (9, "rewind 8")),
        expecting(8, "new", (5, "group new = fc*")),
        expecting(8, "fc", (9, "group all = *")),
    ],
)
def test_the_rehearsal_follows_earlier_commands(text):
    events = list(replay(loads(text, "x.toml"), "x.toml"))
    assert [item for item in events if isinstance(item, JournalEntry)]
    assert not [item for item in events if getattr(item, "outcome", "") == "refused"]


def test_a_plan_of_many_steps_is_rehearsed_quickly():
    text = planned((10**10, "lr fc 0.5"), (10**11, "undo"), (10**11, "lr heads 1"))
    text = text.replace("epochs = 3", "steps = 999999999999")
    with pytest.raises(ScenarioError, match="number 3, step 100000000000: 'lr heads"):
        build_with_expectations(loads(text, "x.toml"), "x.toml")


def test_the_rehearsal_does_not_change_the_run():
    text = planned(
        (5, "freeze fc"), (6, "optimizer head adam"), (8, "break when dead units of fc > 99%")
    )
    digests = [
        list(replay(loads(text, "x.toml"), "x.toml", rehearse_plan=rehearsed))[-1].digest
        for rehearsed in (True, False)
    ]
    assert digests[0] == digests[1]


ACTS = [
    "freeze fc", "freeze new", "thaw * reset", "thaw fc", "lr fc 0.05", "lr new x2", "lr * x0",
    "decay fc over 1 epochs", "schedule new cosine to 0 over 5 steps", "clip norm 1", "clip off",
    "optimizer fc adam lr=0.01", "optimizer new lion state=carry", "group new = fc*",
    "group new = classifier.bias", "group fc = *", "group head = *.weight", "rewind 0", "rewind 3",
    "rewind 8", "rewind a", "checkpoint a", "checkpoint b", "rewind b", "undo", "redo", "branch b1",
    "branch b2", "branch main", "break when nan", "break when loss > x1.2", "break off",
    "break off nan", "break when grad_norm new > 0.1", "break when dead units of fc > 50%",
    "try lr fc x1, x2 for 3 steps", "preview lr new 0.1", "pause", "step 3", "stop", "resume",
]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(plan=st.lists(st.tuples(st.integers(0, 20), st.sampled_from(ACTS)), min_size=1, max_size=9))
def test_the_rehearsal_refuses_what_the_run_refuses(plan):
    scenario = loads(planned(*plan), "x.toml")
    session = build(scenario, "x.toml")
    error_text = ""
    try:
        rehearse(scenario, session, "x.toml")
    except ScenarioError as error:
        error_text = str(error)
    events = run_to_end(
        session, Expectations(scenario.expect, session, "x.toml"), "x.toml", lambda _: None
    )
    refused = [item for item in events if getattr(item, "outcome", "") == "refused"]
    assert bool(error_text) == bool(refused)
    for first in refused[:1]:
        assert f", step {first.step}: {first.command!r} would be refused there: " in error_text
        assert error_text.endswith(first.message)


def test_a_saved_scenario_is_rehearsed():
    text = to_toml(loads(planned((5, "freeze had")), "x.toml"))
    with pytest.raises(ScenarioError, match="'freeze had' would be refused there"):
        build_with_expectations(loads(text, str(Path("saved.toml"))), "saved.toml")
