"""The tour, the clipboard, the mouse, the size of the terminal."""

from __future__ import annotations

import pytest
from textual.events import MouseScrollUp
from textual.widgets import Static

from tests.app.fake import FakeSource, branched, group, running
from tuitrain.app.config import Config, read_config, write_config
from tuitrain.app.tour_steps import TOUR_STEPS
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.app.widgets.tables.journal import Journal
from tuitrain.run.snapshot import Phase


def tour_text(person) -> str:
    return str(person.deck.tour.content)


async def test_the_tour_waits_for_keys_and_points_at_panels(opened):
    async with opened() as person:
        steps = [step for step in TOUR_STEPS if step.needs != "watching"]
        await person.press("T")
        assert person.deck.tour.border_title == f"tour 1 / {len(steps)}"
        await person.press("f")
        assert person.deck.tour.border_title == f"tour 1 / {len(steps)}"
        pointed = []
        for key in ("down", "f", "u", "left", "space", "]", "question_mark"):
            (panel,) = person.deck.query(".-pointed")
            pointed.append(panel.id)
            await person.press(key)
        assert pointed == [step.panel for step in steps]
        assert not person.deck.tour.active
        assert not person.deck.query(".-pointed")
        assert person.sent == ["freeze conv", "freeze conv1.bias", "undo", "pause"]


async def test_escape_ends_the_tour(opened):
    async with opened() as person:
        await person.press("T", "escape")
        assert not person.deck.tour.active
        assert not person.deck.tour.display


async def test_the_key_of_the_tour_goes_to_its_next_step(opened):
    async with opened() as person:
        await person.press("T")
        for number in range(2, 8):
            await person.press("T")
            assert person.deck.tour.border_title == f"tour {number} / 7"
        assert person.deck.tour.border_subtitle == "T next   esc ends it"
        await person.press("T")
        assert not person.deck.tour.active


async def test_the_tour_leaves_room_for_the_charts(opened):
    async with opened(size=(80, 24)) as person:
        await person.press("T")
        for _ in range(3):
            loss = person.deck.query_one("#loss")
            assert loss.content_size.height >= 6, "five rows, and the axis"
            await person.press("T")
        assert person.deck.query_one("#groups").content_size.height == 3


async def test_the_journal_is_shown_where_the_tour_explains_it(opened):
    async with opened(size=(80, 24)) as person:
        journal = person.deck.query_one(Journal)
        await person.press("T", "down", "f")
        assert person.deck.tour.border_title.startswith("tour 3")
        assert journal.room.height == 1
        await person.pilot.resize_terminal(120, 36)
        await person.look()
        assert journal.room.height > 1
        await person.pilot.resize_terminal(60, 20)  # where it takes the room of the charts
        await person.look()
        assert journal.room.height > 1
        await person.press("escape")
        assert not journal.room.area


async def test_the_tour_starts_automatically_once(opened, tmp_path):
    path = tmp_path / "config.toml"
    async with opened(config=path) as person:
        assert person.deck.tour.active
    assert read_config(path, []).toured
    async with opened(config=path) as person:
        assert not person.deck.tour.active


async def test_the_tour_names_configured_keys(opened, tmp_path):
    path = tmp_path / "config.toml"
    write_config(path, Config(toured=True, keys={"down": "n"}))
    async with opened(config=path) as person:
        await person.press("T")
        assert " n  selects the next row" in tour_text(person)


async def test_copying_reports_the_copied_text(opened):
    async with opened() as person:
        await person.press("Y")
        assert person.app.clipboard == (
            "conv: sgd momentum=0.9 lr=0.0312 schedule=linear→0 parameters=2572"
        )
        assert person.status.startswith("✓ copied: conv: sgd momentum=0.9")
        await person.press("down")
        await person.press("Y")
        assert person.app.clipboard.startswith(
            "conv1.bias (1, 6, 1, 1) in conv at step 1204: mean="
        )


async def test_copying_again_copies_the_last_answer(opened):
    async with opened() as person:
        await person.press("f")
        person.source.answer("applied", "4 parameters hold still")
        await person.look()
        await person.press("Y", "Y")
        assert person.app.clipboard == (
            "✓ freeze conv  applied at step 1 204  4 parameters hold still"
        )


async def test_copying_copies_the_entry_or_the_values_at_the_cursor(opened):
    async with opened() as person:
        await person.press("tab", "Y")
        assert person.app.clipboard == (
            "step 938: thaw conv (palette) applied: 4 parameters train again"
        )
        await person.press("escape", "left", "Y")
        first, loss, accuracy = person.app.clipboard.splitlines()
        assert first == "step 938"
        assert float(loss.removeprefix("loss ")) == running().loss.values[937]
        assert accuracy.startswith("accuracy 0.9")


async def test_the_focused_chart_is_exported(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with opened() as person:
        await person.press("tab", "tab", "tab", "E")
        assert person.status == ("✓ written: lenet-decay-accuracy-1204.csv, .svg and .png")
        svg = (tmp_path / "lenet-decay-accuracy-1204.svg").read_text()
        assert "accuracy" in svg
        assert svg.startswith("<svg")
        assert "groups" not in svg


async def test_a_click_in_the_status_column_freezes_and_thaws(opened):
    frozen = (running().groups[0], group("fc", ("fc", "classifier"), 938))
    async with opened(FakeSource(running(groups=frozen))) as person:
        table = person.deck.query_one(GroupsTable)
        await person.press("enter")  # it was unfolded, since there is room for all rows
        width = table.room.width
        await person.pilot.click("#groups", offset=(width, 2))
        await person.look()
        await person.pilot.click("#groups", offset=(width, 3))
        await person.look()
        assert person.sent == ["freeze conv", "thaw fc"]


async def test_a_click_on_a_footer_key_runs_its_action(opened):
    async with opened() as person:
        line = person.deck.query_one(KeyFooter).render_line(0).text
        await person.pilot.click("#footer", offset=(line.index("f freeze") + 1, 0))
        await person.look()
        assert person.sent == ["freeze conv"]


async def test_the_wheel_scrolls_the_panel_under_it(opened):
    entries = running().journal * 5
    async with opened(FakeSource(running(journal=entries))) as person:
        journal = person.deck.query_one(Journal)
        before = journal.scroll_offset.y
        await person.pilot._post_mouse_events([MouseScrollUp], widget="#journal", offset=(5, 2))
        await person.look()
        assert journal.scroll_offset.y < before


SIZES = [
    (40, 10),
    (41, 11),
    (60, 12),
    (79, 23),
    (80, 24),
    (103, 29),
    (200, 60),
    (40, 60),
    (300, 10),
]


@pytest.mark.parametrize(
    "sizes", [SIZES[3:5], pytest.param(SIZES, marks=pytest.mark.slow)], ids=["some", "all"]
)
async def test_the_deck_draws_at_any_terminal_size(opened, sizes):
    async with opened() as person:
        hint = person.deck.query_one("#size-hint", Static)
        for width, height in sizes:
            await person.pilot.resize_terminal(width, height)
            await person.look()
            assert hint.display == (width < 80 or height < 24)
            person.svg()
        await person.pilot.resize_terminal(40, 10)
        await person.look()
        assert str(hint.content) == "80x24 shows all of it; this is 40x10"


@pytest.mark.parametrize(
    "key", ["l", "o", "D", "b", "backspace", "L", "comma", "question_mark", "T"]
)
@pytest.mark.slow
async def test_screens_open_on_a_tiny_terminal(opened, key):
    async with opened(FakeSource(branched()), size=(40, 10)) as person:
        await person.press(key)
        assert person.app.screen is not person.deck or person.deck.tour.active
        assert person.svg().startswith("<svg")


async def test_a_terminal_that_cannot_suspend_says_so(opened):
    async with opened() as person:
        await person.press("ctrl+z")
        assert person.status == "this terminal cannot suspend a program"


async def test_read_only_allows_keys_that_only_show(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with opened(FakeSource(running(phase=Phase.RUNNING)), read_only=True) as person:
        for key in ("v", "b", "L", "comma", "T", "Y", "E", "left", "question_mark"):
            person.deck.status.show_text("")
            await person.press(key)
            assert "read-only" not in person.status
            if person.app.screen is not person.deck:
                await person.press("escape")
        assert person.sent == []


async def test_the_run_is_notified_of_a_suspension(opened):
    async with opened() as person:
        person.app.app_resume_signal.publish(person.app)
        await person.settle()
        assert person.source.awakenings == 1
