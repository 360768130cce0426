"""The contract of ``ctl --json``: its fields, conditions and questions."""

from __future__ import annotations

import inspect
import math
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.app.fake import running
from tuitrain.commands import parse, to_text
from tuitrain.errors import TuitrainError
from tuitrain.remote.control import questions, replies
from tuitrain.remote.control.conditions import parse_condition
from tuitrain.remote.control.live_table import live_lines
from tuitrain.remote.control.text import reply_lines
from tuitrain.remote.wire.messages import Welcome
from tuitrain.run.snapshot import OPEN_END, OPEN_EPOCH, Phase, Series

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "control.md"


def test_the_page_lists_the_fields_of_every_answer() -> None:
    listed = [
        re.findall(r"`(\w+)`", row.split("|")[2])
        for row in PAGE.read_text().splitlines()
        if row.startswith("| ") and row.count("|") == 3
    ]
    structs = [
        kind
        for _, kind in inspect.getmembers(replies, inspect.isclass)
        if issubclass(kind, msgspec.Struct)
    ]
    for kind in structs:
        assert list(kind.__struct_fields__) in listed, kind.__name__


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("step 1204", True),
        ("step 1205", False),
        ("loss < 1e9", True),
        ("loss < -1", False),
        ("accuracy >= 0", True),
        ("accuracy > 0", True),
        ("accuracy<0.001", False),
        ("accuracy == 0.5", False),
        ("nan", False),
        ("loss > x1e9", False),
        ("grad_norm * > 1e9", False),
        ("grad_norm fc > 0", True),
        ("paused", False),
        ("break", False),
        ("end", False),
    ],
)
def test_conditions(text: str, holds: bool) -> None:
    assert parse_condition(text).holds(running()) is holds


def test_the_end_is_a_condition() -> None:
    assert parse_condition("end").holds(running(phase=Phase.FINISHED))


@pytest.mark.parametrize("text", ["", "soon", "step", "step -1", "loss 3", "loss < x", "a b < 3"])
def test_what_is_no_condition_is_one_error(text: str) -> None:
    with pytest.raises(TuitrainError, match="is not a condition"):
        parse_condition(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accuracy >= 97", "97% is 0.97"),
        ("dead units of conv > 5%", "set a breakpoint with 'break when dead units of conv > 5%'"),
    ],
)
def test_conditions_have_the_errors_of_breakpoints(text: str, message: str) -> None:
    with pytest.raises(TuitrainError, match=re.escape(message)):
        parse_condition(text)


@pytest.mark.parametrize("text", ["accuracy < 0.5", "mae > 3", "top_5 <= 0.25", "f1 >= 1"])
def test_breakpoints_and_waiting_read_the_same_conditions(text: str) -> None:
    assert to_text(parse(f"break when {text}")) == f"break when {text}"
    assert parse_condition(text).text == text


def test_losses_are_compared_with_their_average() -> None:
    for last, holds in ((1.9, False), (2.1, True), (math.nan, False)):
        curve = Series(np.arange(1, 22), np.array([*[1.0] * 20, last]))
        assert parse_condition("loss > x2").holds(running(loss=curve)) is holds
        assert parse_condition("nan").holds(running(loss=curve)) is math.isnan(last)
    few = Series(np.arange(1, 4), np.array([1.0, 1.0, 9.0]))
    assert not parse_condition("loss > x2").holds(running(loss=few))


def test_a_group_that_does_not_exist_is_one_error() -> None:
    with pytest.raises(TuitrainError, match="no group is called 'fx', did you mean 'fc'"):
        parse_condition("grad_norm fx > 3").check(running())


def test_a_metric_that_is_not_measured_is_one_error() -> None:
    with pytest.raises(TuitrainError, match="does not measure 'acuracy', did you mean 'accuracy'"):
        parse_condition("acuracy > 0.5").check(running())


def test_curves_are_thinned_out_and_keep_their_ends() -> None:
    curve = Series(np.arange(1, 1001), np.arange(1000.0))
    snapshot = running(loss=curve)
    reply = questions.metrics_reply(snapshot, ["loss"], 0, None, 5).metrics["loss"]
    assert (reply.steps[0], reply.steps[-1], len(reply.steps), reply.of) == (1, 1000, 5, 1000)
    part = questions.metrics_reply(snapshot, ["loss"], 10, 12, 5).metrics["loss"]
    assert part.steps == [10, 11, 12]


def test_an_unknown_curve_is_one_error() -> None:
    with pytest.raises(TuitrainError, match="no curve 'los', did you mean 'loss'"):
        questions.metrics_reply(running(), ["los"], 0, None, 5)


def test_the_journal_is_read_on_from_where_it_was_left() -> None:
    whole = questions.journal_reply(running(), 0)
    rest = questions.journal_reply(running(), whole.next - 1)
    assert rest.entries == whole.entries[-1:]
    assert questions.journal_reply(running(), whole.next + 5).entries == []


def test_every_answer_has_a_text() -> None:
    assert "conv" in "\n".join(reply_lines(questions.groups_reply(running())))
    lines = reply_lines(replies.WaitReply("end", False, "running", 48670, None, "after 1.0 s"))
    assert lines == ["end: not met, after 1.0 s (running, step 48 670)"]


def test_numbers_are_written_in_one_way() -> None:
    answer = replies.CommandReply("lr fc 0.01", "applied", 48670, "lr 0.1 -> 0.01", 7)
    assert reply_lines(answer) == ["applied at step 48 670: lr fc 0.01  lr 0.1 -> 0.01"]
    group = questions.groups_reply(running()).groups[0]
    group = msgspec.structs.replace(group, settings="", size=1, frozen_since=1200)
    (_, line) = reply_lines(replies.GroupsReply(0, [group]))
    assert line == "conv: sgd, frozen since step 1 200, 1 parameter"


def test_a_metric_that_has_no_value_yet_is_an_empty_curve() -> None:
    reply = questions.metrics_reply(running(metrics={}), ["accuracy", "loss"], 0, None, 5)
    assert reply.metrics["accuracy"] == replies.SeriesReply([], [], 0)
    assert reply.metrics["loss"].values


def test_the_steps_of_a_run_without_a_known_end_are_written_without_it() -> None:
    row = replies.ListedRun("train", "0123abcd", "/tmp/run", "", 1, "running", 7, None, 0.5, 0)
    (_, line) = live_lines([row])
    assert line.split()[3] == "7"
    assert "1 000" not in line


def test_a_giant_name_widens_no_other_row() -> None:
    short, giant = (
        replies.ListedRun(name, "0123abcd", "/r", "", 1, "running", 7, None, 0.5, 0)
        for name in ("train", "x" * 300)
    )
    titles, line, _ = live_lines([short, giant])
    assert len(titles) < 100
    assert len(line) < 100


def test_the_status_of_a_script_has_no_epoch_and_no_metric_that_it_does_not_give() -> None:
    info = replace(running().info, total_steps=400, steps_per_epoch=400, reports_metrics=True)
    welcome = Welcome(1, "train", "0123abcd", "/tmp/run", 1, "here")
    status = questions.status_reply(running(info=info, metrics={}), welcome, "")
    assert (status.epoch, status.metrics) == (None, {"accuracy": None})
    text = "\n".join(reply_lines(status))
    assert "loss" in text
    assert not any(word in text for word in ("accuracy", "epoch"))


def test_the_status_of_an_open_loop_has_no_end_no_epoch_and_counts_steps() -> None:
    info = replace(running().info, total_steps=OPEN_END, steps_per_epoch=OPEN_EPOCH, batch_size=1)
    welcome = Welcome(1, "train", "0123abcd", "/tmp/run", 1, "here")
    status = questions.status_reply(running(info=info), welcome, "")
    assert (status.total_steps, status.epoch, status.speed_unit) == (None, None, "steps")
    text = "\n".join(reply_lines(status))
    assert "steps/s" in text
    assert not any(word in text for word in (" of 1 000", "epoch", "samples"))
    known = questions.status_reply(running(), welcome, "")
    assert None not in (known.total_steps, known.epoch)
    assert "samples/s" in "\n".join(reply_lines(known))
