"""The tools on a served run, without the package ``mcp``."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.app.fake import running
from tests.remote.runs import TIMEOUT, ServedRun, served
from tuitrain.cli import main
from tuitrain.commands import Resume
from tuitrain.errors import TuitrainError
from tuitrain.mcp_server import answers
from tuitrain.mcp_server.calls import Caller, ticket_of
from tuitrain.mcp_server.tools import call_tool
from tuitrain.remote.control import questions
from tuitrain.remote.errors import NoAnswerError
from tuitrain.run.snapshot import Phase, Series

AGENT = Caller("claude-code", may_act=True)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[ServedRun]:
    with served(tmp_path / "record", paused=False) as made:
        made.run.wait_for(lambda shown: shown.phase is Phase.RUNNING, TIMEOUT)
        yield made


def call(name: str, caller: Caller = AGENT, **values: object) -> dict:
    return call_tool(caller, name, values)


def test_a_run_is_found_and_looked_at(run: ServedRun, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tuitrain.remote.local.live_runs.STATUS_SECONDS", TIMEOUT)
    (row,) = call("list_runs")["runs"]
    assert (row["run"], row["id"]) == ("fake run", run.id)
    assert call("wait", until="step 20", run=run.id)["met"]
    status = call("status")
    assert status["phase"] == "running"
    assert status["step"] >= 20
    assert call("groups")["groups"]
    curve = call("metrics", names=["loss"], last=20, points=5)["metrics"]["loss"]
    assert (curve["steps"][0], curve["steps"][-1], len(curve["steps"])) == (1, 20, 5)


def test_a_curve_of_a_long_run_has_every_value(run: ServedRun):
    assert call("wait", until="step 50000", run=run.id)["met"]
    curve = call("metrics", names=["loss"], first=101, last=140, points=1000)["metrics"]["loss"]
    assert curve["steps"] == list(range(101, 141))
    assert curve["values"] == [float(step) for step in range(101, 141)]
    assert curve["of"] == 40


def test_a_command_is_applied_once_and_the_journal_says_who_and_why(run: ServedRun):
    reason = "the loss has been\n flat"
    first = call("command", command="freeze conv", reason=reason, id="once")
    again = call("command", command="freeze conv", reason=reason, id="once")
    assert first == again
    assert first["outcome"] == "applied"
    (entry,) = call("journal")["entries"]
    assert entry["actor"] == "agent@claude-code"
    assert entry["why"] == "the loss has been flat"
    assert entry["id"] == first["id"] == str(ticket_of("once"))
    assert len(run.engine.applied) == 1
    with pytest.raises(TuitrainError, match="this id was given to 'freeze conv' already"):
        call("command", command="thaw conv", reason="x", id="once")


def test_a_refusal_is_an_answer(run: ServedRun):
    reply = call("command", command="freeze nothing", reason="a try")
    assert (reply["outcome"], reply["message"]) == ("refused", "no group is called 'nothing'")


def test_a_scheduled_command_is_cancelled(run: ServedRun):
    step = call("status")["step"] + 500_000_000
    reply = call("command", command="freeze conv", reason="later", at=step)
    assert reply["outcome"] == "scheduled"
    assert call("status")["scheduled_ids"] == [reply["id"]]
    assert call("cancel", id=reply["id"])["outcome"] == "refused"
    assert call("status")["scheduled_ids"] == []


def test_a_wait_that_is_too_short_says_so(run: ServedRun):
    reply = call("wait", until="loss < 0", timeout=0.1)
    assert (reply["met"], reply["message"]) == (False, "after 0.1 s")


def test_a_wait_that_was_given_up_ends(run: ServedRun):
    progress: list[str] = []
    caller = Caller("x", on_progress=lambda *now: progress.append(now[2]), slice_seconds=0.05)
    assert not call("wait", caller, until="loss < 0", timeout=0.1)["met"]
    assert progress[0].startswith("running, step ")
    given_up = Caller("x", is_cancelled=lambda: True, slice_seconds=0.05)
    assert not call("wait", given_up, until="loss < 0", timeout=600)["met"]


@pytest.mark.parametrize(
    ("name", "values", "problem"),
    [
        ("status", {"run": "lenet"}, "no live run is called 'lenet'"),
        ("metrics", {"names": ["los"]}, "no curve 'los', did you mean 'loss'"),
        ("groups", {"names": ["convs*"]}, "no group is called 'convs"),
        ("wait", {"until": "soon"}, "is not a condition"),
        ("command", {"command": "freez conv", "reason": "x"}, "unknown command 'freez'"),
        ("preview", {"command": "lr"}, "lr"),
        ("cancel", {"id": "17"}, "no command with the id"),
        ("statuz", {}, "there is no tool 'statuz'"),
    ],
)
def test_a_mistake_is_one_sentence(run: ServedRun, name: str, values: dict, problem: str):
    with pytest.raises(TuitrainError, match=problem) as caught:
        call(name, **values)
    assert "\n" not in str(caught.value)


def test_a_server_without_act_changes_nothing(run: ServedRun):
    with pytest.raises(TuitrainError, match="started without --act"):
        call("command", Caller("x"), command="freeze conv", reason="x")


def test_a_server_for_one_run_sees_no_other(run: ServedRun):
    assert call("status", Caller("x", run=run.id))["id"] == run.id
    with pytest.raises(TuitrainError, match="no live run is called 'other'"):
        call("status", Caller("x", run="other"))


def test_a_command_without_an_answer_can_be_sent_again(tmp_path: Path):
    def never_ends(step: int) -> None:
        if step == 3:
            made.engine.before_step = lambda _: None
            made.log.append("held")
            with pytest.raises(NoAnswerError, match="with id 'mine' to get the answer"):
                call("command", command="freeze conv", reason="x", id="mine", timeout=0.2)

    with served(tmp_path / "record", before_step=never_ends) as made:
        made.run.submit(Resume())
        assert call("wait", until="step 3", timeout=60)["met"]
        reply = call("command", command="freeze conv", reason="x", id="mine")
        assert reply["outcome"] == "applied"
        assert len(made.engine.applied) == 1


def test_without_the_package_there_is_one_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delitem(sys.modules, "tuitrain.mcp_server.stdio_server", raising=False)
    monkeypatch.setitem(sys.modules, "anyio", None)
    assert main(["mcp"]) == 2
    assert "pip install 'tuitrain[mcp]'" in capsys.readouterr().err


def test_answers_are_bounded_and_have_no_nan():
    values = np.where(np.arange(9000) % 2, math.nan, 1 / 3)
    snapshot = running(loss=Series(np.arange(9000), values))
    points = answers.points_for(1, 1000)
    reply = questions.metrics_reply(snapshot, ["loss"], 0, None, points)
    text = answers.to_json(answers.metrics_answer(reply))
    assert {*json.loads(text)["metrics"]["loss"]["values"]} <= {None, 0.333333}
    assert answers.points_for(20, 1000) == 100

    groups = questions.groups_reply(running())
    many = msgspec.structs.replace(groups, groups=groups.groups * 100)
    answer = answers.groups_answer(many, [], has_parameters=True)
    assert len(answer["groups"]) == answers.MAX_GROUPS
    assert answer["left_out"] == len(many.groups) - answers.MAX_GROUPS
    assert len(answers.to_json(answer)) < 100_000

    entry = questions.journal_reply(running(), 0).entries[0]
    long = msgspec.structs.replace(entry, message="x" * 9000)
    journal = questions.journal_reply(running(), 0)
    journal = msgspec.structs.replace(journal, entries=[long] * 300, next=300)
    newest = answers.journal_answer(journal, is_newest=True, limit=30)
    assert (len(newest["entries"]), newest["left_out"], newest["next"]) == (30, 270, 300)
    assert len(newest["entries"][0]["message"]) == answers.MAX_TEXT


def test_the_journal_is_read_on_from_where_it_was_left():
    journal = questions.journal_reply(running(), 0)
    first = answers.journal_answer(journal, is_newest=False, limit=1)
    assert first["next"] == 1
    rest = questions.journal_reply(running(), first["next"])
    assert answers.journal_answer(rest, is_newest=False, limit=200)["next"] == journal.next


def test_equal_ids_are_equal_tickets():
    assert ticket_of("a") == ticket_of("a") != ticket_of("b")
    assert ticket_of(str(ticket_of("a"))) == ticket_of("a")
    assert ticket_of("7") != 7
