"""A path that is not a scenario: one sentence says what it is, and what to write."""

from __future__ import annotations

import pytest

from tuitrain.cli import main


def error_of(words: list[str], capsys) -> str:
    """Return the one line on stderr of a command that finds bad input."""
    assert main(words) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return output.err.removeprefix("tuitrain: ").rstrip("\n")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return the working folder, with a scenario, a script, data and a run."""
    for name in ("decay.toml", "train.py", "my houses.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    for name in ("pictures", "plans", "runs", "runs/first"):
        (tmp_path / name).mkdir()
    (tmp_path / "plans" / "slow.toml").write_text("")
    (tmp_path / "runs" / "first" / "header.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("run decya.toml", "decya.toml: no such file, did you mean 'decay.toml'?"),
        ("run decay", "decay: no such file, did you mean 'decay.toml'?"),
        ("run trian.py", "trian.py: no such file, did you mean 'train.py'?"),
        ("run runs/frist", "runs/frist: no such file, did you mean 'runs/first'?"),
        (
            "run runs/first",
            "runs/first: is the folder of a run; `tuitrain open runs/first` shows it",
        ),
        ("run plans", "plans: is a folder; name one of its scenarios, such as plans/slow.toml"),
        (
            "run pictures",
            "pictures: is a folder, not a scenario; `tuitrain data pictures` says what it holds",
        ),
        ("run x/y.toml", "x/y.toml: no such file"),
        ("replay decya.toml", "decya.toml: no such file, did you mean 'decay.toml'?"),
        ("replay runs/frist", "runs/frist: no such file, did you mean 'runs/first'?"),
        ("replay train.py", "train.py: is a script, which `tuitrain run train.py` runs"),
        ("serve train.py", "train.py: is a script, which `tuitrain run train.py` runs"),
        ("run --headless decya.toml", "decya.toml: no such file, did you mean 'decay.toml'?"),
    ],
)
def test_the_error_names_what_to_write(words, message, here, capsys):
    assert error_of(words.split(), capsys) == message


@pytest.mark.parametrize("command", ["run", "replay"])
def test_a_table_is_data(command, here, capsys):
    assert error_of([command, "my houses.csv"], capsys) == (
        "my houses.csv: is data, not a scenario; `tuitrain data 'my houses.csv'` says what it "
        "holds, and the line to write into a scenario"
    )


def test_a_bundled_scenario_is_found_by_its_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    message = error_of(["run", "pengiuns"], capsys)
    assert message.startswith("pengiuns: no such file, did you mean the bundled /")
    assert message.endswith("penguins.toml?")


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ("ctl", "RUN and WORD, such as 'tuitrain ctl lenet status'"),
        ("replay", "FILE"),
        ("save x", "FILE"),
        ("open", "RUN_DIR"),
    ],
)
def test_a_missing_argument_is_named(words, missing, capsys):
    command = words.split()[0]
    message = error_of(words.split(), capsys)
    assert message == f"tuitrain {command} needs {missing}; --help says more"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("serve --port x", "tuitrain serve: --port: 'x' is not a whole number"),
        ("ctl lenet pause --at", "tuitrain ctl: --at: expected one argument"),
        ("ctl lenet --at 1.5 pause", "tuitrain ctl: --at: '1.5' is not a whole number from 0 to"),
        ("run --headless=1 x", "tuitrain run: --headless: ignored explicit argument '1'"),
    ],
)
def test_a_wrong_argument_is_one_sentence(words, message, capsys):
    assert error_of(words.split(), capsys).startswith(message)


@pytest.mark.parametrize(
    ("command", "instead"), [("attach", "tuitrain ctl"), ("open x", "export"), ("start", "list")]
)
def test_the_error_without_a_terminal_names_what_needs_none(command, instead, monkeypatch, capsys):
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    message = error_of(command.split(), capsys)
    assert message.startswith("the app needs a terminal; without one use: tuitrain")
    assert instead in message
