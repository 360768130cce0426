"""The words of a command line: an error names the nearest match of a mistyped word."""

import pytest

from tuitrain.cli import main
from tuitrain.cli.parser import parse_arguments


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("replya x.toml", "no command is called 'replya', did you mean 'replay'? (commands: run,"),
        ("{here}", "no command is called '{here}', did you mean 'run {here}'?"),
        ("replay --jsn x.toml", "tuitrain replay has no option --jsn, did you mean '--json'?"),
        ("bench --outt=x", "tuitrain bench has no option --outt, did you mean '--out'?"),
        (
            "--vrsion",
            "tuitrain has no option --vrsion, did you mean '--version'? (options: --version)",
        ),
        ("run a.toml b.toml", "tuitrain run does not take 'b.toml'; --help says what it takes"),
        (
            "run --private a.py --lr 0.1",
            "tuitrain run has no option --lr (options: --out, --read-only, --paused, --headless, "
            "--detach, --private, --json); arguments of a script follow --, as in: "
            "tuitrain run --private a.py -- --lr 0.1",
        ),
        (
            "run a.py --detach 3",
            "tuitrain run does not take '3'; arguments of a script follow --, as in: "
            "tuitrain run a.py --detach -- 3",
        ),
    ],
)
def test_an_unknown_word_is_an_error_with_the_nearest_match(words, message, tmp_path, capsys):
    here = tmp_path / "mine.toml"
    here.write_text("")
    assert main([item.format(here=here) for item in words.split()]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"tuitrain: {message.format(here=here)}")
    assert output.err.count("\n") == 1


def test_valid_command_lines_are_read():
    result = parse_arguments(["replay", "--json", "x.toml"])
    assert (result.json, [str(item) for item in result.files]) == (True, ["x.toml"])
    assert parse_arguments([]).scenario is None


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("run a.py 3 b", ["3", "b"]),
        ("run a.py -- --lr 0.1 -- --out x", ["--lr", "0.1", "--", "--out", "x"]),
        ("run a.py --detach -- --lr 0.1", ["--lr", "0.1"]),
        ("run a.py 3 --paused -- b", ["3", "b"]),
        ("run -- a.py --lr", ["--lr"]),
    ],
)
def test_a_script_gets_all_words_after_two_dashes(words, arguments):
    result = parse_arguments(words.split())
    assert (str(result.scenario), result.arguments, result.out) == ("a.py", arguments, None)


@pytest.mark.parametrize(
    "words",
    [
        "RUN metrics loss accuracy --json --points 5",
        "RUN metrics --json loss --points 5 accuracy",
        "--points 5 RUN --json metrics loss accuracy",
        "RUN --points 5 metrics loss --json accuracy",
    ],
)
def test_options_of_ctl_may_be_between_its_words(words):
    result = parse_arguments(["ctl", *words.split()])
    assert (result.run, result.words) == ("RUN", ["metrics", "loss", "accuracy"])
    assert (result.json, result.points) == (True, 5)


def test_negative_numbers_are_words_and_unknown_options_are_not(capsys):
    assert parse_arguments(["ctl", "RUN", "--json", "lr", "fc", "-.5"]).words[-1] == "-.5"
    assert main(["ctl", "RUN", "metrics", "--json", "loss", "--pionts", "5"]) == 2
    assert "no option --pionts, did you mean '--points'?" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["run", "--detach"], ["run", "--headless"], ["bench"]])
def test_an_empty_folder_for_the_record_is_an_error(words, capsys):
    assert main([*words, "--out", ""]) == 2
    assert capsys.readouterr().err == "tuitrain: --out names no file or folder: it is empty\n"


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--tensorboard", "--wandb"])
def test_an_empty_place_of_an_export_is_an_error(option, capsys):
    assert main(["export", "RUN", option, ""]) == 2
    problem = f"tuitrain: {option} names no file or folder: it is empty\n"
    assert capsys.readouterr().err == problem
