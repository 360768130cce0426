"""The lines about viewers: bounded in number, and none is lost from the count."""

from __future__ import annotations

from pathlib import Path

from tests.remote.runs import served
from tuitrain.remote.server.viewer_log import MAX_LINES, PERIOD_SECONDS, ViewerLog


def test_after_some_lines_of_a_minute_there_is_a_count() -> None:
    lines: list[str] = []
    now = 0.0
    log = ViewerLog(lines.append, lambda: now)
    for number in range(1000):
        log.add(f"bad {number}")
    assert lines[:MAX_LINES] == [f"bad {number}" for number in range(MAX_LINES)]
    assert lines[MAX_LINES:] == ["further lines about viewers are counted for a minute"]
    now = PERIOD_SECONDS
    log.add("later")
    count = f"{1000 - MAX_LINES} more viewers were refused or disconnected within a minute"
    assert lines[MAX_LINES + 1 :] == [count, "later"]
    log.close()
    assert lines[-1] == "later"


def test_the_count_is_logged_at_the_end() -> None:
    lines: list[str] = []
    log = ViewerLog(lines.append, lambda: 0.0)
    for _ in range(MAX_LINES + 3):
        log.add("bad")
    log.close()
    log.close()
    assert lines[-1] == "3 more viewers were refused or disconnected within a minute"
    assert lines.count(lines[-1]) == 1


def test_a_run_that_ends_writes_nothing_of_descriptors(tmp_path: Path):
    logs = []
    for number in range(5):
        with served(tmp_path / str(number)) as made:
            logs.append(made.log)
    assert logs == [[]] * 5
