"""Notifications that call a user back to the screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.app.conftest import toasts
from tests.app.fake import running, starting
from tuitrain.app.app import TuitrainApp
from tuitrain.app.config import Config, Notify
from tuitrain.app.notifications import find_notice
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.screens.dialogs.lr import LrDialog
from tuitrain.app.terminal import notify_desktop
from tuitrain.app.widgets.status_line import StatusLine
from tuitrain.run.snapshot import JournalEntry, Phase

BROKEN = JournalEntry(0, 1204, "break when nan", "breakpoint", "met", "the loss is nan")


@pytest.mark.parametrize(
    ("changes", "title", "severity"),
    [
        ({"phase": Phase.FINISHED}, "lenet-decay has finished", "information"),
        ({"phase": Phase.STOPPED}, "lenet-decay has stopped", "information"),
        ({"phase": Phase.FAILED, "note": "no memory"}, "lenet-decay has failed", "error"),
        ({"journal": (*running().journal, BROKEN)}, "lenet-decay has paused", "warning"),
        ({"note": "loss is not finite since step 9"}, "lenet-decay diverges", "error"),
    ],
)
def test_each_event_is_notified_once(changes, title, severity):
    before, after = running(), running(**changes)
    notice = find_notice(before, after)
    assert notice is not None
    assert (notice.title, notice.severity) == (title, severity)
    assert find_notice(after, replace(after, version=9)) is None


def test_a_known_event_is_not_notified():
    assert find_notice(None, running()) is None
    assert find_notice(starting(), running()) is None
    assert find_notice(running(), running(phase=Phase.PAUSED)) is None
    assert find_notice(running(), running(step=1300)) is None


@pytest.mark.parametrize("keys", [(), ("i",), ("N",), ("W",)])
async def test_the_end_is_said_in_the_status_line_and_nothing_is_covered(opened, keys):
    async with opened(toasts=True) as person:
        await person.press(*keys)
        person.source.show(phase=Phase.FINISHED)
        await person.look()
        status = person.app.screen.query_one(StatusLine)
        assert plain_text(status.message).startswith(
            "■ lenet-decay has finished  at step 1 204, loss "
        )
        assert toasts(person.app) == []


async def test_a_toast_is_shown_over_a_dialog_unless_disabled_and_escape_removes_it(opened):
    async with opened(toasts=True) as person:
        await person.press("l")
        person.source.show(phase=Phase.FINISHED)
        await person.look()
        (toast,) = toasts(person.app)
        assert toast.startswith("lenet-decay has finished\nat step 1 204, loss ")
        await person.press("escape")
        assert toasts(person.app) == []
        assert isinstance(person.app.screen, LrDialog)
        await person.press("escape")
        assert person.app.screen is person.deck
        assert person.status.startswith("■ lenet-decay has finished")
    async with opened(toasts=True) as person:
        person.app.configure(Config(notify=Notify(toast=False)))
        await person.press("l")
        person.source.show(phase=Phase.FINISHED)
        await person.look()
        assert toasts(person.app) == []


async def test_the_status_line_keeps_a_reply_and_does_not_repeat_the_banner(opened):
    async with opened(toasts=True) as person:
        person.source.show(phase=Phase.FAILED, note="no memory")
        await person.look()
        assert (toasts(person.app), person.status) == ([], "")


class Terminal:
    """Records what it is sent."""

    def __init__(self) -> None:
        self.sent = ""

    def write(self, text: str) -> None:
        self.sent += text


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        ("osc9", "\x1b]9;run, 1: at␛[31m end\x07"),
        ("osc777", "\x1b]777;notify;run, 1;at␛[31m end\x07"),
    ],
)
def test_a_desktop_notification_is_one_sequence_for_any_text(code, sent, monkeypatch):
    app = TuitrainApp.__new__(TuitrainApp)
    terminal = Terminal()
    monkeypatch.setattr(TuitrainApp, "is_headless", False)
    monkeypatch.setattr(app, "_driver", terminal, raising=False)
    notify_desktop(app, code, "run; 1", "at\x1b[31m end")
    assert terminal.sent == sent


def test_without_a_terminal_no_notification_is_written(monkeypatch):
    app = TuitrainApp.__new__(TuitrainApp)
    terminal = Terminal()
    monkeypatch.setattr(TuitrainApp, "is_headless", True)
    monkeypatch.setattr(app, "_driver", terminal, raising=False)
    notify_desktop(app, "osc9", "a", "b")
    assert terminal.sent == ""
