"""The deck of a run whose process is gone, and the line that is printed when a deck was left."""

from __future__ import annotations

import pytest

from tests.app.fake import FakeSource, running
from tuitrain.app.launch.attached import parting_line
from tuitrain.app.renderables.header import header_rows
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.run.snapshot import Attachment, Phase

GONE = "the run lenet-decay is no longer live"
LOST = {"phase": Phase.LOST, "attachment": Attachment(1, "desk", False, problem=GONE)}


@pytest.mark.parametrize("width", [80, 120])
def test_the_header_of_a_lost_run_has_the_last_step_and_no_speed(width):
    first, second = (plain_text(row) for row in header_rows(running(**LOST), width))
    assert "✗ LOST   last step 1 204 / 4 690" in first
    assert GONE in second
    assert "samples/s" not in second
    assert "ETA" not in second


async def test_the_footer_of_a_lost_run_has_no_key_that_steers(opened):
    async with opened(FakeSource(running())) as person:
        person.source.show(**LOST)
        await person.look()
        assert person.status == f"✗ lenet-decay is lost  {GONE}, after step 1 204"
        shown = person.deck.query_one(KeyFooter).rendered_text()
        for word in ("pause", "freeze", "rewind", "undo", "branch", "stop"):
            assert word not in shown
        assert "quit" in shown
        await person.press("f")
        assert person.status == "this screen has lost the run: q leaves"
        assert person.sent == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "the run lenet-decay continues; look at it again with: tuitrain attach 5f0c2a91"),
        (LOST, f"{GONE}; the last step seen is step 1 204"),
        ({"phase": Phase.FINISHED}, "the run lenet-decay has finished at step 1 204"),
        (
            {"phase": Phase.FAILED, "note": "no memory"},
            "the run lenet-decay has failed at step 1 204: no memory",
        ),
    ],
)
def test_the_line_after_a_deck_was_left_says_what_the_run_does(changes, line):
    assert parting_line(running(**changes), "5f0c2a91") == line
