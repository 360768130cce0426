"""Saving a recorded run, with its commands, as a scenario, as Python, or as a script's plan."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import tomli_w

from tuitrain.atomic_io import write_atomic
from tuitrain.engines.registry import SCRIPT_ENGINE
from tuitrain.errors import CommandError, ScenarioError, TuitrainError
from tuitrain.records.branch_replay import BranchReplay, RecordedDecision
from tuitrain.records.record_format import DigestLine, EndLine
from tuitrain.records.record_reader import read_header, read_journal
from tuitrain.records.repetition import command_entries

from .codegen import NO_REASONS, Reasons, generate_program
from .load import load
from .schema import At, Scenario
from .verify import is_run_of_script, read_repeatable, read_scenario


def save(source: Path, target: Path, overwrite: bool = False) -> Scenario:
    """Save a recorded run's last branch as a scenario or a program.

    Replaying the scenario, or running the program, reaches the bits of the end of that branch. Of
    the run of a script, the commands are saved, as a plan for ``watch(…, scenario=FILE)``.

    Parameters
    ----------
    source : the folder of the run, or a scenario to write as Python
    target : the file; the suffix decides: ``.toml`` for a scenario, ``.py`` for a program
    overwrite : whether to replace an existing file; otherwise it is an error

    Returns
    -------
    The scenario; of the run of a script, one of the engine of scripts, with the commands.

    Raises
    ------
    TuitrainError : the folder has no run, its record is damaged, the file has another suffix or
        cannot be written, a command cannot be written as Python, or a script is to be
    """
    if target.suffix not in (".toml", ".py"):
        raise TuitrainError(f"{target}: name a .toml file for a scenario, or a .py file for Python")
    if source.is_file() and target.suffix == ".toml":
        raise TuitrainError(f"{source} is a scenario already; name a .py file for Python")
    reasons: Reasons = {}
    if source.is_file():
        scenario = load(source)
    elif is_run_of_script(read_header(source)):
        scenario, reasons = _read_plan(source, target)
    else:
        scenario, reasons = _read_run(source)
    if scenario.engine == SCRIPT_ENGINE:
        text = _plan_text(source, scenario, reasons)
    elif target.suffix == ".toml":
        text = to_toml(scenario, reasons)
    else:
        text = generate_program(scenario, str(source), reasons=reasons)
    try:
        _write(target, text.encode(), overwrite)
    except FileExistsError:
        raise TuitrainError(f"{target} exists already; name another file") from None
    except OSError as error:
        raise TuitrainError(f"{target} cannot be written: {error.strerror}") from None
    return scenario


def _write(target: Path, content: bytes, overwrite: bool) -> None:
    if overwrite:
        write_atomic(target, content)
        return
    target.open("xb").close()  # this call has created the file
    try:
        write_atomic(target, content)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def recorded_scenario(folder: Path) -> Scenario:
    """Return the scenario of a recorded run's last branch.

    Expectations are left out, because they are those of the original scenario.

    Raises
    ------
    TuitrainError : the folder has no run, its record is damaged, or a script has trained it
    """
    return _read_run(folder)[0]


def _read_run(folder: Path) -> tuple[Scenario, Reasons]:
    """Return the scenario of a recorded run's last branch, and why its commands were given."""
    return _with_decisions(folder, read_repeatable(folder)[1])


def _read_plan(folder: Path, target: Path) -> tuple[Scenario, Reasons]:
    """Return the commands of a script's run as a plan, and why they were given.

    Raises
    ------
    TuitrainError : the record is damaged, or the target is not a plan
    """
    if target.suffix != ".toml":
        raise TuitrainError(
            f"{folder}: the loop of a script is not in its record, so it cannot be written as "
            f"Python; its commands can, as a plan for watch(…, scenario=FILE): tuitrain save "
            f"{shlex.quote(str(folder))} {shlex.quote(str(target.with_suffix('.toml')))}"
        )
    began_as = read_scenario(folder)[1]
    scenario, reasons = _with_decisions(folder, began_as)
    if scenario.steps != began_as.steps:  # the script itself does not end there
        stop = At(do="stop", step=scenario.steps)
        scenario = msgspec.structs.replace(scenario, at=(*scenario.at, stop))
    return scenario, reasons


def _plan_text(folder: Path, scenario: Scenario, reasons: Reasons) -> str:
    """Return the TOML text of a script's plan."""
    script = f"The commands of {folder.name}, a run of {scenario.data}."
    plan = {"description": script, "at": msgspec.to_builtins(scenario.at)}
    return _with_comments(tomli_w.dumps(plan), scenario.at, reasons)


def _with_decisions(folder: Path, began_as: Scenario) -> tuple[Scenario, Reasons]:
    """Return a scenario with the commands of a recorded run's last branch, and their reasons."""
    try:
        replay = _replay_branches(folder)
    except CommandError as error:
        raise ScenarioError(f"{folder}: the record is damaged: {error}") from None
    decisions, ended = replay.decisions, {}
    if replay.stopped_at is not None:
        if replay.stopped_at == 0:
            raise TuitrainError(f"{folder}: the run was stopped before its first step")
        # Decisions at the last step have had no effect on the training.
        decisions = [decision for decision in decisions if decision.step < replay.stopped_at]
        ended = {"steps": replay.stopped_at, "epochs": None}
    scenario = msgspec.structs.replace(began_as, at=tuple(_entries(decisions)), expect=(), **ended)
    return scenario, {(item.step, item.command): item.why for item in decisions if item.why}


def to_toml(scenario: Scenario, reasons: Reasons = NO_REASONS) -> str:
    """Return the TOML text of a scenario, from which `load.loads` reads an equal one.

    Parameters
    ----------
    reasons : why commands were given; written as comments above them
    """
    return _with_comments(tomli_w.dumps(msgspec.to_builtins(scenario)), scenario.at, reasons)


def _with_comments(text: str, at: Iterable[At], reasons: Reasons) -> str:
    """Return a TOML text with the reasons of its commands as comments above them."""
    if not reasons:
        return text
    entries = iter(at)
    lines: list[str] = []
    is_in_array = False  # short entries are written as one array, with a line for each
    for line in text.splitlines():
        is_in_array = line == "at = [" or (is_in_array and line != "]")
        if line == "[[at]]" or (is_in_array and line.startswith("    {")):
            indent = line[: len(line) - len(line.lstrip())]
            lines += [f"{indent}# {comment}" for comment in _comments(next(entries), reasons)]
        lines.append(line)
    return "\n".join(lines) + "\n"


def _comments(entry: At, reasons: Reasons) -> Iterator[str]:
    for command in (entry.do,) if isinstance(entry.do, str) else entry.do:
        if entry.step is not None and (why := reasons.get((entry.step, command))):
            yield f"{command}: {why}"


def _replay_branches(folder: Path) -> BranchReplay:
    replay = BranchReplay()
    for line in read_journal(folder):
        stopped_at, has_digests = replay.stopped_at, isinstance(line, DigestLine | EndLine)
        if has_digests and stopped_at is not None and line.step > stopped_at:
            replay.stopped_at = None  # the run was resumed
        for entry in command_entries([line]):
            if entry.outcome == "applied":
                replay.replay(entry.step, entry.command, entry.why)
    return replay


def _entries(decisions: Iterable[RecordedDecision]) -> Iterable[At]:
    """Put the commands of one step into one entry, in order."""
    together: dict[int, list[str]] = {}
    for decision in decisions:
        together.setdefault(decision.step, []).append(decision.command)
    for step, texts in together.items():
        yield At(do=texts[0] if len(texts) == 1 else tuple(texts), step=step)
