"""The runs of scripts: opening, replaying and resuming them."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path

from tuitrain.errors import TuitrainError

from . import detached
from .signals import signals_raise
from .status import FAILED, OK


def run_script(arguments: argparse.Namespace) -> int:
    """Open the app on a script, or run it without a screen."""
    if arguments.hosted:
        return detached.host_script(arguments)
    if arguments.detach:
        from tuitrain.script.runner import check_script

        check_script(arguments.scenario)
        return detached.start_run(arguments.scenario.stem, arguments)
    if arguments.json:
        raise TuitrainError("--json goes with a scenario: the output of a script is its own")
    if is_headless(arguments):
        from tuitrain.script.runner import run_headless

        with signals_raise():
            return run_headless(
                arguments.scenario, arguments.arguments, arguments.out, arguments.private
            )
    from tuitrain.app.launch.scripts import open_script
    from tuitrain.app.launch.terminal_check import check_terminal

    check_terminal()
    return open_script(
        arguments.scenario,
        arguments.arguments,
        arguments.out,
        arguments.read_only,
        arguments.private,
        arguments.paused,
    )


def is_headless(arguments: argparse.Namespace) -> bool:
    """Whether a script runs without a screen."""
    variable = os.environ.get("TUITRAIN_HEADLESS", "")
    return arguments.headless or (variable not in ("", "0") and not arguments.detach)


def replay_script(arguments: argparse.Namespace) -> int:
    """Run the script of a record again, and compare; the exit status says whether it is equal."""
    from tuitrain.scenario.report import format_comparison
    from tuitrain.script.repeat_script import repeat_script

    if len(arguments.files) != 1:
        raise TuitrainError("a command after -- repeats one run; name its folder before it")
    (folder,) = arguments.files
    with signals_raise():
        repeated = repeat_script("replay", folder, arguments.command, is_quiet=arguments.json)
    comparison = repeated.answer.verification
    if comparison is None:
        raise TuitrainError(f"{folder}: the script ended without a comparison of the runs")
    print(format_comparison(str(folder), comparison, arguments.json))
    return OK if comparison.verdict.ok else FAILED


def resume_script(arguments: argparse.Namespace) -> int:
    """Run the script of a record again from a checkpoint, and continue the record."""
    from tuitrain.script.repeat_script import repeat_script

    if arguments.json:
        raise TuitrainError("--json goes with a scenario: the output of a script is its own")
    if arguments.detach or arguments.hosted:
        raise TuitrainError("--detach goes with the run of a scenario, and not with a script")
    with signals_raise():
        repeated = repeat_script(
            "resume",
            arguments.folder,
            arguments.command,
            arguments.checkpoint,
            arguments.although_changed,
        )
    return repeated.status or (FAILED if repeated.answer.has_failed else OK)


def check_needs_no_script(folder: Path, action: str) -> None:
    """Check that a record can be repeated without the command of a script.

    Raises
    ------
    TuitrainError : it is the record of a script; says what to write
    """
    from tuitrain.records.provenance import script_command
    from tuitrain.records.record_reader import read_header
    from tuitrain.scenario.verify import is_run_of_script, script_reason

    header = read_header(folder)
    if is_run_of_script(header):
        command = (
            f"tuitrain {action} {shlex.quote(str(folder))} -- {script_command(header.provenance)}"
        )
        raise TuitrainError(f"{folder}: {script_reason(header)}; to {action} it: {command}")
