"""The breakpoints dialog: listing, adding and removing conditions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from textual.widgets import Input, OptionList, Static

from tests.app.fake import TITLE, FakeSource, running, starting, watchful
from tuitrain.app.completion import completions
from tuitrain.app.condition_examples import condition_examples, rule_example
from tuitrain.app.screens.dialogs.breakpoints import BreakpointsDialog
from tuitrain.app.widgets.header import RunHeader
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.commands import to_text
from tuitrain.metric_info import ACCURACY, MetricInfo
from tuitrain.run.snapshot import Phase, RuleView, Series, UpdatePreview


def listed(person) -> list[str]:
    return [str(item.prompt) for item in person.app.screen.query_one(OptionList).options]


async def test_a_typed_condition_is_set_and_listed(opened):
    async with opened() as person:
        await person.press("B")
        output = str(person.app.screen.query_one("#how-many", Static).content)
        assert output == "none is set: the run does not pause by itself"
        await person.type("loss > x1.5")
        await person.press("enter")
        assert person.sent == ["break when loss > x1.5"]
        person.source.show(breakpoints=("break when loss > x1.5",))
        await person.look()
        assert listed(person) == ["loss > x1.5"]
        assert person.app.screen.query_one(Input).value == ""
        await person.press("escape")
        assert isinstance(person.app.focused, GroupsTable)


async def test_the_chosen_breakpoint_is_removed(opened):
    async with opened(FakeSource(watchful())) as person:
        await person.press("B", "down", "delete")
        assert person.sent == ["break off grad_norm conv > 10"]
        person.source.show(breakpoints=("break when nan",))
        await person.look()
        await person.press("delete")
        assert person.sent[1:] == ["break off nan"]


async def test_without_breakpoints_nothing_is_removed(opened):
    async with opened() as person:
        await person.press("B", "delete")
        assert person.sent == []


async def test_conditions_are_completed(opened):
    async with opened() as person:
        await person.press("B")
        await person.type("gr")
        await person.press("tab")
        assert person.app.screen.query_one(Input).value == "grad_norm "
        await person.type("f")
        await person.press("tab")
        await person.type("> 3")
        await person.press("enter")
        assert person.sent == ["break when grad_norm fc > 3"]


async def test_an_incomplete_condition_is_no_error_before_it_is_sent(opened):
    async with opened() as person:
        await person.press("B")
        await person.type("loss >")
        assert person.line == ""
        await person.press("enter")
        assert person.line.startswith("✗ break was given 'when loss >'")
        assert person.sent == []
        await person.type(" x2")
        assert person.line == ":break when loss > x2"


def test_every_kind_of_condition_has_an_example():
    examples = condition_examples(running(), "fc")
    assert examples == [
        "nan",
        "loss > x1.5",
        "grad_norm conv > 10",
        "dead units of fc > 50%",
        "accuracy >= 0.97",
    ]


def test_examples_have_only_metrics_that_the_run_has():
    infos = (ACCURACY, MetricInfo("mae", larger_is_better=False))
    shown = running(info=replace(TITLE, metrics=infos, reports_metrics=True), metrics={})
    assert condition_examples(shown)[3:] == []
    errors = Series(np.arange(1, 4), np.array([0.5, 0.236, 0.3]))
    assert condition_examples(replace(shown, metrics={"mae": errors}))[3:] == ["mae <= 0.24"]
    assert completions("break when ac", shown) == []


def test_the_example_of_a_rule_goes_back_only_where_the_run_can():
    assert "rewind" in rule_example(running())
    assert "rewind" not in rule_example(running(no_way_back="the loop fetches its batches"))


def shown_examples(person) -> str:
    return str(person.app.screen.query_one("#examples", Static).content)


async def test_the_run_is_asked_which_group_has_units(opened):
    async with opened() as person:
        await person.press("B")
        await person.look()
        texts = [to_text(command) for command in person.source.wondered if command]
        assert texts == ["break when dead units of conv > 50%"]
        problem = "no layer of conv is followed by a ReLU"
        person.source.show(preview=UpdatePreview(texts[0], problem=problem))
        await person.look()
        assert "dead units" not in shown_examples(person)
        texts = [to_text(command) for command in person.source.wondered if command]
        assert texts[1:] == ["break when dead units of fc > 50%"]
        person.source.show(preview=UpdatePreview(texts[1], effect="would not pause"))
        await person.look()
        assert "dead units of fc > 50%" in shown_examples(person).replace("\n", " ")


async def test_a_condition_that_would_be_refused_says_why_before_it_is_sent(opened):
    async with opened() as person:
        await person.press("B")
        await person.type("loss > x2")
        await person.look()
        answer = UpdatePreview("break when loss > x2", problem="not here")
        person.source.show(preview=answer)
        await person.look()
        assert str(person.app.screen.query_one("#effect", Static).content) == "✗ not here"
        assert person.sent == []


async def test_examples_name_the_groups_as_soon_as_the_run_has_them(opened):
    async with opened(FakeSource(starting())) as person:
        await person.press("B")
        assert "grad_norm" not in shown_examples(person)
        person.source.shown = running()
        person.source.show()
        await person.look()
        assert "grad_norm conv > 10" in shown_examples(person)


@pytest.mark.parametrize("phase", [Phase.FINISHED, Phase.STOPPED])
async def test_breakpoints_can_be_set_before_a_rewind(opened, phase):
    async with opened(FakeSource(running(phase=phase))) as person:
        await person.press("B")
        assert isinstance(person.app.screen, BreakpointsDialog)
        await person.type("nan")
        await person.press("enter")
        assert person.sent == ["break when nan"]


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_header_counts_breakpoints_and_the_groups_show_the_clipping(opened, size):
    async with opened(FakeSource(watchful()), size) as person:
        assert "◉ 2 breakpoints" in person.deck.query_one(RunHeader).render_line(1).text
        assert person.deck.query_one(GroupsTable).border_subtitle == "⊓ clip norm 1"
        person.source.show(breakpoints=(), clip="")
        await person.look()
        assert "◉" not in person.deck.query_one(RunHeader).render_line(1).text
        assert person.deck.query_one(GroupsTable).border_subtitle == ""


RULE = RuleView("when loss > x3 do rewind by 200; lr * x0.5; at most 3 times", 1)


async def test_a_condition_with_commands_makes_a_rule(opened):
    async with opened() as person:
        await person.press("B")
        await person.type("loss > 3x do rewind by 200; lr * x0.5; at most 3 times")
        await person.press("enter")
        assert person.sent == ["when loss > x3 do rewind by 200; lr * x0.5; at most 3 times"]
        person.source.show(rules=(RULE,))
        await person.look()
        assert listed(person) == [
            "loss > x3 do rewind by 200; lr * x0.5; at most 3 times   (used 1)"
        ]
        assert "the run acts when this holds" in person.text()
        await person.press("delete")
        assert person.sent[1:] == ["when off loss > x3"]


async def test_the_commands_of_a_rule_are_completed(opened):
    async with opened() as person:
        await person.press("B")
        await person.type("nan do lr f")
        await person.press("tab")
        assert person.app.screen.query_one(Input).value == "nan do lr fc "
        await person.type("x0.5; fr")
        await person.press("tab")
        assert person.app.screen.query_one(Input).value == "nan do lr fc x0.5; freeze "
        await person.type("fc; at ")
        await person.press("tab")
        await person.type("2 ")
        await person.press("tab", "enter")
        assert person.sent == ["when nan do lr fc x0.5; freeze fc; at most 2 times"]
