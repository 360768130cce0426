"""The arguments of the commands about records, past runs and data."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tuitrain.user_paths import output_path, user_path


def add_open(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``open``."""
    parser.add_argument("folder", type=user_path, metavar="RUN_DIR", help="the folder of a run")


def add_replay(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``replay``."""
    files = "a scenario, or the folder of a run; -- and a command follow that of a script's run"
    parser.add_argument("files", nargs="+", type=user_path, metavar="FILE", help=files)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def add_resume(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``resume``."""
    folder = "the folder of a run; -- and a command follow that of a script's run"
    parser.add_argument("folder", type=user_path, metavar="RUN_DIR", help=folder)
    latest = "the checkpoint to continue from (default: the latest that fits, or the first step)"
    parser.add_argument("--from", dest="checkpoint", metavar="NAME", help=latest)
    changed = (
        "continue although the data, the source of the model or the environment has changed: "
        "the record is cut back to the checkpoint, and the part cut off is kept beside it"
    )
    parser.add_argument("--although-changed", action="store_true", help=changed)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    detach = "continue in a process of its own, which outlives this terminal"
    parser.add_argument("--detach", action="store_true", help=detach)
    parser.add_argument("--hosted", action="store_true", help=argparse.SUPPRESS)
    paused = "with --detach: wait there for a user, and take no step before"
    parser.add_argument("--paused", action="store_true", help=paused)


def add_save(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``save``."""
    run_or_scenario = "the folder of a run; or a scenario, to be written as Python"
    parser.add_argument("source", type=user_path, metavar="RUN_DIR", help=run_or_scenario)
    target = (
        "the file to write: .toml for a scenario, .py for a Python program that does the same; of "
        "the run of a script .toml only, with its commands as a plan for watch(…, scenario=FILE)"
    )
    parser.add_argument("target", type=user_path, metavar="FILE", help=target)


def _target(option: str) -> Callable[[str], Path]:
    """Return the function that reads the value of an option: a file or folder to write."""
    return lambda text: output_path(text, option)


def add_export(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``export``."""
    parser.add_argument("folder", type=user_path, metavar="RUN_DIR", help="the folder of a run")
    tensorboard = "event files of TensorBoard: DIR/RUN_DIR/BRANCH"
    parser.add_argument(
        "--tensorboard", type=_target("--tensorboard"), metavar="DIR", help=tensorboard
    )
    text = "a table with a row for each value"
    parser.add_argument("--csv", type=_target("--csv"), metavar="FILE", help=text)
    lines = "the same rows and histograms, one JSON object a line"
    parser.add_argument("--jsonl", type=_target("--jsonl"), metavar="FILE", help=lines)
    wandb = "offline runs of Weights & Biases, one for each branch: DIR/wandb"
    parser.add_argument("--wandb", type=_target("--wandb"), metavar="DIR", help=wandb)


def add_import(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``import``."""
    source = "a folder with event files; each folder of them in it becomes a recording"
    parser.add_argument("folder", type=user_path, metavar="DIR", help=source)
    out = "the folder in which recordings are made (default: that of past runs)"
    parser.add_argument("--out", type=output_path, metavar="DIR", help=out)
    loss = "the tag that is the loss (default: one with 'loss' in its name)"
    parser.add_argument("--loss", metavar="TAG", help=loss)


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``data``."""
    name = "a data set as a scenario names it, or the path of a file or folder of data"
    parser.add_argument("name", nargs="?", metavar="PATH_OR_NAME", help=name)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
