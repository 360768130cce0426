"""Runs in a process of their own: the command that starts one, and what its process does."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tuitrain.encoding import ascii_json, write_line
from tuitrain.errors import TuitrainError
from tuitrain.text import visible

from .signals import signals_raise
from .status import OK

if TYPE_CHECKING:
    from tuitrain.remote.local.live_entry import RunFacts
    from tuitrain.scenario.schema import Scenario


def start_run(name: str, arguments: argparse.Namespace) -> int:
    """Start a scenario or a script in a process of its own, and say how it is reached.

    Parameters
    ----------
    name : of the run
    """
    from tuitrain.remote.detached.start import say_slow, start_detached
    from tuitrain.scenario.runs.run_list import new_run_folder

    _check_detached(arguments)
    folder = arguments.out or new_run_folder(name)
    path = [] if arguments.scenario is None else [str(arguments.scenario.absolute())]
    paused = ["--paused"] * arguments.paused
    words = ["--", *arguments.arguments] if arguments.arguments else []
    options = ["--hosted", "--out", str(folder.absolute()), *paused]
    facts = start_detached(["run", *options, *path, *words], folder, say_slow)
    return _report(facts, arguments.json)


def host_run(scenario: Scenario, source: str, arguments: argparse.Namespace) -> int:
    """Train a scenario in this process, served to viewers."""
    from tuitrain.remote.detached.host import host_scenario

    with signals_raise():
        host_scenario(scenario, source, arguments.out, arguments.paused)
    return OK


def host_script(arguments: argparse.Namespace) -> int:
    """Run a script in this process, its run served to viewers."""
    from tuitrain.script import detached

    with signals_raise():
        return detached.host_script(
            arguments.scenario,
            arguments.arguments,
            arguments.out,
            arguments.paused,
            arguments.continued,
        )


def start_resumed(arguments: argparse.Namespace) -> int:
    """Continue a recorded run in a process of its own, and say how it is reached."""
    from tuitrain.records.record_reader import read_header
    from tuitrain.records.scheduled_file import read_scheduled
    from tuitrain.remote.detached.start import say_slow, start_detached

    if arguments.checkpoint is not None or arguments.although_changed:
        raise TuitrainError("--from and --although-changed do not go with --detach")
    read_header(arguments.folder)
    waiting = len(read_scheduled(arguments.folder))
    folder = arguments.folder.absolute()
    paused = ["--paused"] * arguments.paused
    facts = start_detached(["resume", "--hosted", *paused, str(folder)], folder, say_slow)
    status = _report(facts, arguments.json)
    if waiting and not arguments.json:
        write_line(f"  waiting for a step: {waiting} command{'s' * (waiting > 1)}", sys.stdout)
    return status


def host_resumed(arguments: argparse.Namespace) -> int:
    """Continue a recorded run in this process, served to viewers."""
    from tuitrain.remote.detached import host

    with signals_raise():
        host.host_resumed(arguments.folder, arguments.paused)
    return OK


def _check_detached(arguments: argparse.Namespace) -> None:
    if arguments.headless or arguments.read_only:
        name = "--headless" if arguments.headless else "--read-only"
        raise TuitrainError(f"--detach does not go with {name}: a detached run has no screen")
    if arguments.private:
        raise TuitrainError("--detach does not go with --private: only viewers reach the run")


def _report(facts: RunFacts, json: bool) -> int:
    if json:
        fields = {"run": facts.run, "id": facts.id, "folder": facts.folder, "pid": facts.pid}
        write_line(ascii_json({**fields, "socket": str(facts.socket)}), sys.stdout)
        return OK
    write_line(f"{visible(facts.run)} runs as {facts.id} (process {facts.pid})", sys.stdout)
    write_line(f"  look at it:  tuitrain attach {facts.id}", sys.stdout)
    write_line(f"  steer it:    tuitrain ctl {facts.id} 'lr * x0.5'", sys.stdout)
    write_line(f"  its record:  {visible(facts.folder)}", sys.stdout)
    return OK
