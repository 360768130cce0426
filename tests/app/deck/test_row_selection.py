"""The filter of the groups table, and acting on several rows at once."""

from __future__ import annotations

import pytest

from tests.app.fake import FakeSource, group, running
from tuitrain.app.renderables.tables.groups import GroupColumns, matches_filter, table_rows
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.run.snapshot import JournalEntry


def names(person) -> list[str]:
    return [row.name for row in person.deck.query_one(GroupsTable).shown_rows]


@pytest.mark.parametrize(
    ("pattern", "result"),
    [("", True), ("conv", True), ("v1", True), ("conv*", True), ("v*", False), ("fc", False)],
)
def test_a_substring_matches_and_a_glob_matches_whole_names(pattern, result):
    assert matches_filter("conv1.bias", pattern) is result


def test_filtered_rows_keep_their_groups_colors():
    groups = running().groups
    every = {row.name: row.row[1][1] for row in table_rows(groups, {"conv", "fc"}, GroupColumns())}
    (row,) = table_rows(groups, {"conv", "fc"}, GroupColumns(), pattern="fc")[:1]
    assert (row.name, row.row[1][1]) == ("fc", every["fc"])


async def test_the_table_follows_the_filter_and_unfolds_matches(opened):
    async with opened(size=(120, 30)) as person:
        await person.press("slash")
        await person.type("*.bias")
        assert names(person) == [
            *("conv", "conv1.bias", "conv2.bias"),
            *("fc", "classifier.bias", "fc1.bias", "fc2.bias"),
        ]
        await person.press("enter", "down", "f")
        assert person.sent == ["freeze conv1.bias"]
        await person.press("escape")
        assert names(person) == ["conv", "fc"]


async def test_escape_in_the_filter_clears_it(opened):
    async with opened() as person:
        before = names(person)
        await person.press("slash")
        await person.type("nothing like it")
        assert "nothing matches" in person.deck.query_one(GroupsTable).rendered_rows[0]
        await person.press("escape")
        assert names(person) == before


async def test_marked_rows_are_frozen_and_thawed_together(opened):
    async with opened() as person:
        await person.press("down", "m", "m", "f")
        assert person.sent == ["freeze conv1.bias", "freeze conv1.weight"]
        await person.press("escape", "f")
        assert person.sent[2:] == ["freeze conv2.bias"]
    groups = (group("conv", ("conv",), 938), running().groups[1])
    async with opened(FakeSource(running(groups=groups)), size=(120, 30)) as person:
        await person.press("m", "m", "f")
        assert person.sent == ["freeze fc"]


async def test_marked_parameters_are_moved_into_a_group(opened):
    async with opened() as person:
        await person.press("down", "m", "m", "g")
        await person.type("head")
        await person.press("enter")
        assert person.sent == ["group head = conv1.bias conv1.weight"]


async def test_a_dialog_sends_a_command_for_every_marked_group(opened):
    async with opened(size=(120, 30)) as person:
        await person.press("m", "m", "l")
        box = person.app.screen.query_one(".dialog")
        assert box.border_subtitle == "also for fc"
        await person.replace("x0.5")
        await person.press("enter")
        assert person.sent == ["lr conv x0.5", "lr fc x0.5"]


async def test_a_refusal_is_shown_among_several_answers(opened):
    async with opened(size=(120, 30)) as person:
        await person.press("m", "m", "f")
        output = (
            JournalEntry(1, 1204, "freeze conv", "key", "refused", "it is tied"),
            JournalEntry(2, 1204, "freeze fc", "key", "applied", "6 parameters hold still"),
        )
        person.source.show(journal=output)
        await person.look()
        assert person.status == "✗ freeze conv  refused at step 1 204  it is tied"


async def test_marks_are_visible_and_rows_stay_selectable(opened):
    async with opened() as person:
        await person.press("down", "m")
        rows = person.deck.query_one(GroupsTable).rendered_rows
        assert rows[2].startswith("  ● conv1.bias") or "●" in rows[2][:4]
        assert person.source.watched[-1] == "conv1.weight"


async def test_a_parameter_of_a_marked_group_is_frozen_once(opened):
    async with opened() as person:
        await person.press("m", "m", "f")
        assert [item.name for item in person.deck.selection.marked] == ["conv", "conv1.bias"]
        assert person.sent == ["freeze conv"]


async def test_hidden_rows_are_not_changed(opened):
    async with opened() as person:
        await person.press("slash")
        await person.type("zzz")
        await person.press("enter", "f")
        assert person.sent == []
        await person.press("escape", "f")
        assert person.sent == ["freeze conv"]
