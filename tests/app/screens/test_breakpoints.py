"""The breakpoints dialog: listing, adding and removing conditions."""

from __future__ import annotations

import pytest
from textual.widgets import Input, OptionList, Static

from tests.app.fake import FakeSource, running, watchful
from tuitrain.app.screens.dialogs.breakpoints import BreakpointsDialog, conditions
from tuitrain.app.widgets.header import RunHeader
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.commands import VOCABULARY
from tuitrain.run.snapshot import Phase, RuleView


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
    (verb,) = (item for item in VOCABULARY if item.name == "break")
    output = conditions()
    for example in verb.examples:
        assert not example.startswith("break when ") or example[11:] in output


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
        assert "the run acts when this is so" in person.text()
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
