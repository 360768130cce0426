"""Paths that no file can have are errors of one sentence with exit status 2."""

from __future__ import annotations

import json

import pytest

from tests.scenario.small import TEXT
from tuitrain.cli import main
from tuitrain.errors import TuitrainError
from tuitrain.scenario.runs.run_list import new_run_folder
from tuitrain.user_paths import home_path, user_path

HOSTILE = {
    "long": "x" * 5000,
    "long part": f"runs/{'y' * 300}",
    "many parts": "a/" * 3000,
    "nul": "a\0b",
    "surrogate": "a\ud800b",
}
COMMANDS = [
    ["run", "--headless", "{}"],
    ["run", "--headless", "--out", "{}", "small.toml"],
    ["replay", "{}"],
    ["replay", "small.toml", "{}"],
    ["resume", "{}"],
    ["save", "{}", "x.toml"],
    ["save", "small.toml", "{}.py"],
    ["show", "{}"],
    ["start", "--runs", "{}"],
    ["serve", "{}"],
    ["serve", "--out", "{}", "small.toml"],
    ["bench", "--markdown", "{}"],
    ["bench", "--continue", "{}"],
    ["bench", "--out", "{}"],
    ["{}"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("path", HOSTILE.values(), ids=HOSTILE)
def test_impossible_paths_on_the_command_line_are_errors(
    tmp_path, monkeypatch, capsys, words, path
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(TEXT)
    assert main([word.format(path) for word in words]) == 2
    message = capsys.readouterr()
    assert len(message.err.splitlines()) == 1
    assert len(message.err) < 600 or words == ["{}"]
    assert not message.out
    assert [item.name for item in tmp_path.iterdir()] == ["small.toml"]


@pytest.mark.parametrize("path", [*HOSTILE.values(), "~absent-of-that-name/mnist"])
@pytest.mark.parametrize("kind", ["idx:{}", "{}", "{}:make", "numpy:{}"])
@pytest.mark.parametrize("key", ["data", "model"])
def test_impossible_paths_in_a_scenario_are_errors(tmp_path, capsys, key, kind, path):
    lines = [line for line in TEXT.splitlines() if not line.startswith(f"{key} =")]
    value = json.dumps(kind.format(path), ensure_ascii=True)
    (tmp_path / "x.toml").write_text("\n".join([f"{key} = {value}", *lines]))
    assert main(["run", "--headless", str(tmp_path / "x.toml")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_home_of_an_unknown_user_is_an_error():
    with pytest.raises(TuitrainError, match="~absent-here is not a user's home folder"):
        home_path("~absent-here/mnist")


def test_possible_paths_are_accepted(tmp_path):
    for text in ("", ".", "a b", "ü/日本", "[bold]", "~x", "-", str(tmp_path / "missing" / "file")):
        assert str(user_path(text)) in (text, ".")


def test_runs_of_one_second_get_folders_of_their_own():
    folders = [new_run_folder("same") for _ in range(20)]
    assert len(set(folders)) == 20
    assert not any(folder.exists() for folder in folders)


def test_a_run_with_a_long_name_has_a_valid_folder():
    assert len(new_run_folder("very " * 200).name.encode()) < 255
    assert len(new_run_folder("日" * 200).name.encode()) < 255
