"""The pen on the deck: its dialog, and the line that says what has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.app.conftest import toasts
from tests.app.fake import FakeSource, running
from tuitrain.app.renderables.header import header_rows
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.screens.dialogs.pen import PenDialog
from tuitrain.app.screens.inspection.inspector_screen import InspectorScreen
from tuitrain.run.snapshot import Attachment

MINE = Attachment(2, "laptop", holds_pen=True)
ASKED = Attachment(2, "laptop", holds_pen=True, asked_by="desk", seconds_left=9)
THEIRS = Attachment(2, "desk", holds_pen=False)
WAITS = Attachment(2, "desk", holds_pen=False, asked_by="laptop", seconds_left=8, is_asking=True)
FREE = Attachment(2, "", holds_pen=False)


class SharedSource(FakeSource):
    """A run that others watch, too; it notes what is done with the pen."""

    def __init__(self, attachment: Attachment) -> None:
        super().__init__(running(attachment=attachment))
        self.used: list[str] = []

    def use_pen(self, action: str) -> None:
        self.used.append(action)


@pytest.mark.parametrize(
    ("attachment", "key", "used"),
    [
        (MINE, "g", ["release"]),
        (MINE, "t", []),
        (ASKED, "g", ["release"]),
        (ASKED, "k", ["keep"]),
        (THEIRS, "t", ["take"]),
        (THEIRS, "g", []),
        (FREE, "t", ["take"]),
    ],
)
async def test_the_dialog_offers_what_makes_sense(opened, attachment, key, used):
    source = SharedSource(attachment)
    async with opened(source) as person:
        await person.press("P")
        assert isinstance(person.app.screen, PenDialog)
        await person.press(key)
        assert source.used == used


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (MINE, ASKED, "desk asks for the pen: P answers; it passes in 9 s"),
        (MINE, THEIRS, "desk has the pen now: P asks for it"),
        (THEIRS, WAITS, "you have asked desk for the pen; it passes in 8 s"),
        (WAITS, THEIRS, "desk keeps the pen; you cannot be refused a second time"),
        (THEIRS, MINE, "you have the pen: this screen steers the run"),
    ],
)
async def test_the_status_line_says_what_has_changed(opened, before, after, line):
    source = SharedSource(before)
    async with opened(source) as person:
        source.shown = running(attachment=after, version=99)
        await person.look()
        assert person.status == line


async def test_a_run_that_no_other_can_watch_has_no_pen(opened):
    async with opened(FakeSource()) as person:
        await person.press("P")
        assert person.status == "only this screen can steer: there is no pen"


def follow(source, attachment, version):
    source.shown = running(attachment=attachment, version=version)


async def test_the_dialog_follows_a_request_of_this_screen_to_its_end(opened):
    source = SharedSource(WAITS)
    async with opened(source) as person:
        await person.press("P")
        assert "You have asked for it: it passes in 8 s" in person.text()
        follow(source, replace(WAITS, seconds_left=3), 99)
        await person.look()
        assert "it passes in 3 s" in person.text()
        follow(source, MINE, 100)
        await person.look()
        assert "You steer it: you have the pen." in person.text()
        await person.press("g")
        assert source.used == ["release"]


@pytest.mark.parametrize("before", [MINE, THEIRS])
async def test_the_line_about_a_request_counts_down(opened, before):
    source = SharedSource(before)
    async with opened(source) as person:
        for version, seconds in ((98, 10), (99, 4)):
            follow(source, replace(before, asked_by="lab", seconds_left=seconds), version)
            await person.look()
            assert person.status.endswith(f"it passes in {seconds} s")
        person.deck.status.show_text("another reply")
        follow(source, replace(before, asked_by="lab", seconds_left=2), 100)
        await person.look()
        assert person.status == "another reply"


async def test_a_request_is_shown_over_the_log(opened):
    source = SharedSource(MINE)
    async with opened(source, toasts=True) as person:
        await person.press("L")
        follow(source, ASKED, 99)
        await person.look()
        (toast,) = toasts(person.app)
        assert "desk asks for the pen: P answers; it passes in 9 s" in toast


async def test_a_read_only_screen_says_so_and_who_has_the_pen(opened):
    source = SharedSource(THEIRS)
    async with opened(source, read_only=True) as person:
        assert "read-only   ▶ RUNNING" in person.text().replace("\xa0", " ")
        for key in "WNi":
            await person.press(key)
            assert isinstance(person.app.screen, InspectorScreen)
            assert "read-only   ▶ RUNNING" in person.text().replace("\xa0", " ")
            await person.press("escape")
        await person.press("P")
        assert person.status == (
            "2 screens show this run. desk steers it, and has the pen. "
            "This screen is read-only: it never has the pen."
        )


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_header_of_a_read_only_screen_is_as_wide_as_the_screen(width):
    rows = header_rows(running(), width, read_only=True)
    assert [len(plain_text(row)) for row in rows] == [width, width]
    assert ("read-only" in plain_text(rows[0])) == (width > 60)
