"""The ``:`` line: typing, usage, completion, recall and sending."""

from __future__ import annotations

from tuitrain.app.widgets.inputs.command_line import CommandInput
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.commands import SetLr


async def test_the_command_line_sends_the_typed_command(opened):
    async with opened() as person:
        await person.command("lr fc 0.01")
        await person.press("enter")
        assert person.source.sent == [(SetLr("fc", 0.01), "command")]
        assert isinstance(person.app.focused, GroupsTable)


async def test_an_invalid_command_stays_with_its_error_below(opened):
    async with opened() as person:
        await person.command("lr fc fast")
        await person.press("enter")
        assert person.sent == []
        assert "but was given 'fast'" in person.status
        assert person.deck.query_one(CommandInput).value == "lr fc fast"
        assert isinstance(person.app.focused, CommandInput)


async def test_the_command_line_shows_the_usage_while_typing(opened):
    async with opened() as person:
        await person.command("thaw ")
        assert "thaw TARGET [keep|reset]" in person.status


async def test_tab_completes_the_command_line(opened):
    async with opened() as person:
        await person.command("opt")
        await person.press("tab", "f", "tab", "a", "d", "tab", "enter")
        assert person.sent == ["optimizer fc adam"]


async def test_the_command_line_recalls_sent_commands(opened):
    async with opened() as person:
        field = person.deck.query_one(CommandInput)
        for line in ("step 2", "step 3"):
            await person.command(line)
            await person.press("enter")
        await person.command("")
        seen = []
        for key in ("up", "up", "up", "down", "down"):
            await person.press(key)
            seen.append(field.value)
        assert seen == ["step 3", "step 2", "step 2", "step 3", ""]


async def test_escape_closes_the_command_line(opened):
    async with opened() as person:
        await person.command("step")
        await person.press("escape")
        assert person.sent == []
        assert isinstance(person.app.focused, GroupsTable)
