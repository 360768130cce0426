"""The dialogs that make a command: entries, and commands sent."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static

from tests.app.fake import FakeSource, group, running
from tuitrain.app.widgets.inputs.radio import Radio
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.engines.views import SCRIPT_SCHEDULE


async def test_the_lr_dialog_sets_a_rate(opened):
    async with opened() as person:
        await person.press("l")
        assert person.line == ":lr conv 0.0312"
        await person.replace("0.01")
        assert person.line == ":lr conv 0.01"
        await person.press("enter")
        assert person.sent == ["lr conv 0.01"]


async def test_the_lr_dialog_scales_a_rate(opened):
    async with opened() as person:
        await person.press("l")
        await person.replace("x0.5")
        await person.press("enter")
        assert person.sent == ["lr conv x0.5"]


async def test_the_lr_dialog_gives_a_rate_back_to_the_script(opened):
    async with opened() as person:
        await person.press("l")
        await person.replace("auto")
        assert person.line == ":lr conv auto"
        await person.press("enter")
        assert person.sent == ["lr conv auto"]


async def test_the_lr_dialog_keeps_an_invalid_entry_and_says_why(opened):
    async with opened() as person:
        await person.press("l")
        await person.replace("-1")
        await person.press("enter")
        assert person.line.startswith("✗ lr takes a learning rate of 0 or more")
        assert person.sent == []
        await person.press("escape")
        assert isinstance(person.app.focused, GroupsTable)


async def test_a_dialog_keeps_the_group_it_was_opened_for(opened):
    async with opened() as person:
        await person.press("l")
        person.source.show(groups=tuple(reversed(person.source.shown.groups)))
        await person.look()
        await person.press("enter")
        assert person.sent == ["lr conv 0.0312"]


async def test_the_optimizer_dialog_sends_a_swap(opened):
    async with opened() as person:
        await person.press("o")
        assert person.line == ":optimizer conv sgd momentum=0.9 nesterov=false weight_decay=0"
        await person.press("down")
        assert person.line == (":optimizer conv adam betas=0.9,0.999 eps=1e-08 weight_decay=0")
        await person.press("tab", "tab", "down", "space", "enter")
        assert person.sent == [
            "optimizer conv adam betas=0.9,0.999 eps=1e-08 weight_decay=0 state=carry"
        ]


async def test_the_optimizer_dialog_accepts_settings(opened):
    async with opened() as person:
        await person.press("o", "tab")
        await person.replace("momentum=0.5 lr=0.1")
        await person.press("enter")
        assert person.sent == ["optimizer conv sgd momentum=0.5 lr=0.1"]


async def test_a_decay_takes_three_keys(opened):
    async with opened() as person:
        await person.press("d", "4", "enter")
        assert person.sent == ["decay conv over 4 epochs"]


@pytest.mark.parametrize("text", ["500s", "500 steps", "500 st"])
async def test_a_decay_over_steps_is_sent(opened, text):
    async with opened() as person:
        await person.press("d")
        await person.replace(text)
        await person.press("enter")
        assert person.sent == ["decay conv over 500 steps"]


async def test_a_decay_without_a_length_is_not_sent(opened):
    async with opened() as person:
        await person.press("d")
        await person.replace("soon")
        await person.press("enter")
        assert person.line.startswith("✗")
        assert person.sent == []


async def test_the_regroup_dialog_lists_matches(opened):
    async with opened() as person:
        await person.press("g")
        await person.type("head")
        await person.press("tab")
        await person.type("fc2.* classifier.*")
        listed = str(person.app.screen.query_one("#matching", Static).content)
        assert listed.startswith("4 of 10 parameters match")
        assert "fc2.weight   from fc" in listed
        await person.press("enter")
        assert person.sent == ["group head = fc2.* classifier.*"]


async def test_the_regroup_dialog_refuses_globs_without_a_match(opened):
    async with opened() as person:
        await person.press("g", "h", "tab", "z", "enter")
        assert person.line == "✗ the globs match no parameter"
        assert person.sent == []


async def test_the_optimizer_dialog_keeps_decay_and_momentum_as_the_swap_does(opened):
    decayed = group("conv", ("conv",), settings="momentum=0.9 weight_decay=0.0005")
    source = FakeSource(running(groups=(decayed, running().groups[1])))
    async with opened(source) as person:
        await person.press("o", "down", "down")
        assert person.line == ":optimizer conv adamw betas=0.9,0.999 eps=1e-08 weight_decay=0.0005"


async def test_an_empty_field_is_requested_and_is_no_error(opened):
    async with opened() as person:
        await person.press("g")
        line = person.app.screen.query_one("#line", Static)
        assert (person.line, line.has_class("wrong")) == ("type a name", False)
        await person.type("head")
        assert (person.line, line.has_class("wrong")) == ("type globs: fc2.* *.bias", False)
        await person.press("tab")
        await person.type("nothing.*")
        assert (person.line, line.has_class("wrong")) == ("✗ the globs match no parameter", True)


async def test_the_choice_is_marked_without_color_too(opened):
    async with opened() as person:
        await person.press("o")
        radios = list(person.app.screen.query(Radio))
        marks = ["".join(str(item.render()))[1] for item in radios]
        assert marks == ["●", "○", "○"]
        radios[2].value = True
        await person.settle()
        assert [str(item.render())[1] for item in radios] == ["○", "○", "●"]


OF_THE_SCRIPT = (group("all", ("",), lr=0.1, schedule=SCRIPT_SCHEDULE),)


@pytest.mark.parametrize("key", ["l", "d", "D"])
async def test_a_dialog_says_that_it_ends_the_schedule_of_a_script(opened, key):
    async with opened(FakeSource(running(groups=OF_THE_SCRIPT))) as person:
        await person.press(key)
        note = person.app.screen.query_one("#script-schedule", Static)
        assert note.has_class("ends")
        assert str(note.content) == (
            "⚠ this ends the script's schedule; `lr all auto` gives it back"
        )


async def test_giving_the_rate_back_ends_no_schedule(opened):
    async with opened(FakeSource(running(groups=OF_THE_SCRIPT))) as person:
        await person.press("l")
        await person.replace("auto")
        note = person.app.screen.query_one("#script-schedule", Static)
        assert not note.has_class("ends")


async def test_a_schedule_of_commands_has_no_such_note(opened):
    async with opened() as person:
        await person.press("l")
        assert not person.app.screen.query("#script-schedule")


@pytest.mark.parametrize(
    ("lr", "text"),
    [
        (0.1 * 0.1, "0.01"),
        (1.0 * 0.7 * 0.7 * 0.7, "0.343"),
        (3e-4 * 0.1 * 0.1, "3e-6"),
        (1.0, "1"),
        (0.0, "0"),
        (1 / 3, "0.3333333333333333"),
        (0.0312, "0.0312"),
        (float("nan"), ""),
    ],
)
async def test_the_lr_dialog_begins_with_what_a_person_would_type(opened, lr, text):
    async with opened(FakeSource(running(groups=(group("conv", ("conv",), lr=lr),)))) as person:
        await person.press("l")
        assert person.app.screen.query_one("#lr", Input).value == text


@pytest.mark.parametrize("schedule", ["constant", SCRIPT_SCHEDULE])
@pytest.mark.parametrize("key", ["l", "o", "d", "D"])
async def test_a_dialog_leaves_the_text_of_the_tour_visible(opened, key, schedule):
    groups = tuple(group(name, (name,), schedule=schedule) for name in ("stem", "body", "fc"))
    async with opened(FakeSource(running(groups=groups)), size=(80, 24)) as person:
        await person.press("T", key)
        (box,) = person.app.screen.query(".dialog")
        tour = person.deck.tour
        assert box.region.bottom <= tour.region.y + 1
