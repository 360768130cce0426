"""A fault of the screen ends neither the app nor the run: it is logged, and the screen redrawn."""

from __future__ import annotations

import asyncio

import pytest
from textual.events import Key, MouseDown, MouseUp
from textual.geometry import Offset

from tests.app.fake import FakeClock, FakeSource
from tuitrain.app.app import TuitrainApp
from tuitrain.app.framework.guarded_app import GuardedApp
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.screens.dialogs.confirm import ConfirmDialog
from tuitrain.app.screens.dialogs.lr import LrDialog
from tuitrain.app.widgets.status_line import StatusLine
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.app.widgets.tables.journal import Journal
from tuitrain.run.logs.log_capture import LogCapture


@pytest.fixture(autouse=True)
def contained(monkeypatch):
    monkeypatch.setattr(GuardedApp, "raise_faults", False)


def fail(*value, **named):
    raise KeyError("a fault of the screen")


async def mended(person, faults: int = 1) -> None:
    """Wait for a fault, and until the screen was drawn again.

    The pilot's own wait would also wait for the failed panel.
    """
    app = person.app
    while app.faults.total < faults or app.is_redrawing or not app.deck.takes_input:
        await asyncio.sleep(0)
    await person.look()


def click(person, panel: str) -> None:
    at = person.deck.query_one(panel).region.offset + Offset(3, 1)
    for kind in (MouseDown, MouseUp):
        person.app.post_message(kind(None, at.x, at.y, 0, 0, 1, False, False, False))


def said(person) -> str:
    return plain_text(person.deck.query_one(StatusLine).message)


async def test_a_failing_key_action_is_contained(opened, monkeypatch):
    async with opened() as person:
        table = person.deck.query_one(GroupsTable)
        with monkeypatch.context() as patched:
            patched.setattr(person.deck, "action_toggle_freeze", fail)
            person.app.post_message(Key("f", "f"))
            await mended(person)
        assert said(person).startswith("✗ the screen had a fault and was redrawn: KeyError")
        assert person.deck.query_one(GroupsTable) is not table
        assert person.app.focused is person.deck.query_one(GroupsTable)
        assert not person.source.closed
        await person.press("f")
        assert person.sent == ["freeze conv"]


async def test_a_panel_whose_handler_fails_is_replaced(opened, monkeypatch):
    async with opened() as person:
        with monkeypatch.context() as patched:
            patched.setattr(Journal, "on_click", fail)
            click(person, "#journal")
            await mended(person)
        assert "redrawn" in said(person)
        await person.pilot.click("#journal", offset=(3, 1))
        await person.look()
        assert person.deck.chart_view.cursor is not None


async def test_a_dialog_that_fails_is_closed(opened, monkeypatch):
    async with opened() as person:
        await person.press("l")
        with monkeypatch.context() as patched:
            patched.setattr(LrDialog, "show_snapshot", fail)
            person.app.call_later(person.app.poll)
            await mended(person)
        assert person.app.screen is person.deck
        assert person.app.faults.total >= 1


async def test_a_dialog_that_cannot_be_composed_is_closed(opened, monkeypatch):
    async with opened() as person:
        monkeypatch.setattr(LrDialog, "compose_body", fail)
        person.app.post_message(Key("l", "l"))
        await mended(person)
        assert person.app.screen is person.deck
        await person.press("f")
        assert person.sent == ["freeze conv"]


async def test_a_panel_that_cannot_be_drawn_says_so(opened, monkeypatch):
    async with opened() as person:
        with monkeypatch.context() as patched:
            patched.setattr(Journal, "rows", fail)
            for step in range(1300, 1320):
                person.source.show(step=step, journal=())
                person.app.poll()
            await person.look()
            assert "this panel cannot be drawn: KeyError" in person.svg().replace("&#160;", " ")
            assert not person.app.is_redrawing
        assert person.app.faults.total >= 1
        person.source.show(step=1400)
        await person.look()
        assert "1&#160;400" in person.svg()


async def test_the_log_has_the_traceback_once(monkeypatch):
    output, source = LogCapture(), FakeSource()
    app = TuitrainApp(source, FakeClock(), refreshes=False, output=output)
    async with app.run_test() as pilot:
        monkeypatch.setattr(type(app.deck), "watch_snapshot", fail)
        for step in range(50):
            source.show(step=step)
            app.call_later(app.poll)
            await pilot.pause()
        lines = [line.text for line in output.snapshot().lines if line.level == "error"]
        assert len([item for item in lines if "KeyError: 'a fault of the screen'" in item]) < 6
        assert lines[0].startswith("tuitrain's screen had a fault: Traceback")
        assert app.faults.total >= 1
        assert app.is_running
        assert not source.closed
    assert source.closed == 1


async def test_the_app_can_be_closed_after_any_fault(opened, monkeypatch):
    async with opened() as person:
        monkeypatch.setattr(ConfirmDialog, "compose", fail)
        monkeypatch.setattr(type(person.deck), "watch_snapshot", fail)
        left = []
        monkeypatch.setattr(person.app, "exit", lambda *value: left.append(value))
        for _ in range(20):
            await person.pilot.press("ctrl+q")
            if left:
                break
        assert left


async def test_a_fault_is_raised_in_tests(monkeypatch):
    monkeypatch.setattr(GuardedApp, "raise_faults", True)
    app = TuitrainApp(FakeSource(), FakeClock(), refreshes=False)
    monkeypatch.setattr(app.deck, "action_toggle_freeze", fail)
    with pytest.raises(KeyError, match="a fault of the screen"):
        async with app.run_test() as pilot:
            await pilot.press("f")
            await pilot.pause()
