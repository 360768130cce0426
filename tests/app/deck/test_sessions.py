"""Whole sessions: keys and clicks of a user, and the commands sent."""

from __future__ import annotations

from tests.app.fake import FakeSource, answered, branched, group, running
from tuitrain.app.config import Config, write_config
from tuitrain.app.screens.dialogs.rewind import RewindDialog
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.run.snapshot import Phase


async def test_a_session_freezes_by_mouse_and_thaws_by_key(opened):
    async with opened() as person:
        table = person.deck.query_one(GroupsTable)
        await person.pilot.click("#groups", offset=(10, 7))
        await person.look()
        assert table.selected is not None
        assert table.selected.name == "fc"
        await person.pilot.click("#groups", offset=(table.room.width, 7))
        await person.look()
        person.source.answer("applied", "6 parameters hold still")
        frozen = (running().groups[0], group("fc", ("fc", "classifier"), 1204))
        person.source.show(groups=frozen)
        await person.look()
        assert person.status.startswith("✓ freeze fc  applied at step 1 204")
        await person.press("f")
        assert person.sent == ["freeze fc", "thaw fc"]


async def test_a_decay_takes_two_keys(opened):
    async with opened() as person:
        await person.press("d", "enter")
        assert person.sent == ["decay conv over 10 epochs"]


async def test_a_swap_is_previewed_sent_and_undone(opened):
    groups = (running().groups[0], group("fc", ("fc", "classifier"), lr=0.001, update_ratio=8e-4))
    async with opened(FakeSource(running(groups=groups))) as person:
        person.deck.query_one(GroupsTable).select("fc")
        await person.press("o", "down")
        swap = person.line.removeprefix(":")
        assert swap.startswith("optimizer fc adam")
        person.source.shown = answered(swap, groups=groups, version=9)
        await person.look()
        ahead = person.app.screen.query_one("#next-update")
        assert "2.9e-2" in person.svg()
        assert ahead.display
        await person.press("enter")
        person.source.answer("applied", "the state begins at zero")
        await person.look()
        assert person.status.startswith("✓ optimizer fc adam")
        await person.press("u")
        assert person.sent == [swap, "undo"]


async def test_a_session_goes_back_along_commands_and_returns_to_a_branch(opened):
    async with opened() as person:
        await person.press("{", "{", "enter")
        assert isinstance(person.app.screen, RewindDialog)
        await person.press("enter")
        assert person.sent == ["rewind 700"]
        person.source.answer("applied", "back at step 700, paused; what followed is branch main")
        person.source.shown = branched(version=99, phase=Phase.PAUSED)
        await person.look()
        await person.press("b", "k", "enter")
        assert person.sent == ["rewind 700", "branch main"]


async def test_a_session_filters_and_regroups(opened):
    async with opened() as person:
        await person.press("slash")
        await person.type("*.bias")
        await person.press("enter", "down", "g")
        await person.type("head")
        assert person.line == ":group head = conv1.bias"
        await person.press("enter")
        assert person.sent == ["group head = conv1.bias"]


async def test_a_changed_key_works_at_once(opened, tmp_path):
    path = tmp_path / "config.toml"
    write_config(path, Config(toured=True))
    async with opened(config=path) as person:
        await person.press("comma", *["down"] * 9, "enter", "F", "escape", "F")
        assert person.sent == ["freeze conv"]
        await person.press("f")
        assert person.sent == ["freeze conv"]
