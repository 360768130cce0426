"""The log pane."""

from __future__ import annotations

from tests.app.fake import FakeSource, running
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.renderables.tables.log import log_rows, log_summary
from tuitrain.app.screens.log import LogScreen
from tuitrain.app.widgets.tables.log import LogView
from tuitrain.run.logs.log_capture import LogLine, LogSnapshot

LINES = tuple(
    LogLine(step, level, text)
    for step, level, text in [
        (0, "out", "loading data"),
        (12, "warning", "UserWarning: the learning rate is high"),
        (90, "error", "mine: cannot reach the server"),
        *((100 + number, "out", f"batch {number}") for number in range(60)),
    ]
)


def talking(**changes) -> FakeSource:
    return FakeSource(running(log=LogSnapshot(LINES, 6000, "/runs/a/output.log", **changes)))


def texts(person) -> list[str]:
    return person.app.screen.query_one(LogView).rendered_rows


def told_below(person) -> str:
    return str(person.app.screen.query_one("#log-told").content)


async def test_the_log_shows_lines_and_their_number(opened):
    async with opened(talking()) as person:
        await person.press("L")
        assert isinstance(person.app.screen, LogScreen)
        assert texts(person)[1].split()[:3] == ["12", "warning", "UserWarning:"]
        assert told_below(person) == (
            "the newest 63 of 6 000 lines · everything · follows · all in /runs/a/output.log"
        )
        await person.press("escape")
        assert person.app.screen is person.deck


async def test_levels_and_a_filter_select_lines(opened):
    async with opened(talking()) as person:
        await person.press("L", "l")
        assert len(texts(person)) == 2
        await person.press("l")
        assert [line.split()[1] for line in texts(person)] == ["error"]
        await person.press("l", "slash")
        await person.type("BATCH 5")
        assert len(texts(person)) == 11
        await person.press("escape")
        assert len(texts(person)) == 63


async def test_the_log_follows_the_newest_line_until_the_user_scrolls(opened):
    async with opened(talking()) as person:
        await person.press("L")
        view = person.app.screen.query_one(LogView)
        assert view.scroll_offset.y == view.max_scroll_y > 0
        await person.press("k")
        there = view.scroll_offset.y
        more = LogSnapshot((*LINES, LogLine(200, "out", "more")), 6001, "/runs/a/output.log")
        person.source.show(log=more)
        await person.look()
        assert view.scroll_offset.y == there
        assert "does not follow" in told_below(person)
        await person.press("G")
        assert view.scroll_offset.y == view.max_scroll_y
        await person.press("g")
        assert view.scroll_offset.y == 0


def test_no_logged_text_controls_the_terminal():
    (row,) = log_rows([LogLine(1, "out", "\x1b[2Jgone\ttab")], 60)
    assert "\x1b" not in plain_text(row)
    assert plain_text(row).rstrip().endswith("␛[2Jgone    tab")


def test_a_log_that_is_not_written_says_so():
    assert (
        log_summary(LogSnapshot(LINES[:1], 1, problem="no room"))
        == "1 line · ⚠ not written: no room"
    )


def test_the_file_of_a_log_comes_last_with_a_short_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    log = LogSnapshot(LINES[:1], 1, "/home/ada/.local/share/tuitrain/runs/a/output.log")
    summary = log_summary(log, ("everything", "follows"))
    assert (
        summary
        == "1 line · everything · follows · all in ~/.local/share/tuitrain/runs/a/output.log"
    )
    elsewhere = LogSnapshot(LINES[:1], 1, "/home/adam/output.log")
    assert log_summary(elsewhere) == "1 line · all in /home/adam/output.log"
