"""Opening the app from the command line: every error is one line."""

from __future__ import annotations

import pytest

from tests.run_folders import flown, left_behind
from tuitrain.app.launch import terminal_check
from tuitrain.cli import main


@pytest.mark.parametrize("arguments", [["open", "a"], ["start"], ["run"]])
def test_the_app_needs_a_terminal(capsys, monkeypatch, arguments):
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("tuitrain: the app needs a terminal")


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(terminal_check, "check_terminal", lambda *_: None)


def test_a_folder_without_a_run_is_an_error_with_the_nearest_match(capsys, tmp_path, terminal):
    flown(tmp_path / "monday")
    assert main(["open", str(tmp_path / "mondey")]) == 2
    output = capsys.readouterr().err
    assert "holds no run: there is no such folder, did you mean" in output
    assert output.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "content", "output"),
    [
        ("header.json", "{", "header.json: the data ends too early"),
        (
            "header.json",
            '{"schema": 1, "scenario": {}, "environment": {}}',
            "header.json: the scenario",
        ),
        ("journal.jsonl", "nonsense\n", "journal.jsonl, line 1"),
        ("metrics.jsonl", '{"event":"loss","step":"x"}\n', "metrics.jsonl"),
    ],
)
def test_a_damaged_record_is_one_error(capsys, tmp_path, terminal, file, content, output):
    folder = left_behind(tmp_path / "a")
    (folder / file).write_text(content)
    assert main(["open", str(folder)]) == 2
    message = capsys.readouterr().err
    assert output in message
    assert message.count("\n") == 1
