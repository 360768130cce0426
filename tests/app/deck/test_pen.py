"""The pen on the deck: its dialog, and the line that says what has changed."""

from __future__ import annotations

import pytest

from tests.app.fake import FakeSource, running
from tuitrain.app.screens.dialogs.pen import PenDialog
from tuitrain.run.snapshot import Attachment

MINE = Attachment(2, "laptop", holds_pen=True)
ASKED = Attachment(2, "laptop", holds_pen=True, asked_by="desk", seconds_left=9)
THEIRS = Attachment(2, "desk", holds_pen=False)
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
        (THEIRS, MINE, "this screen has the pen: it steers the run"),
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
