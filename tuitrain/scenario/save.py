"""Saving a recorded run, with its commands, as a scenario or as Python."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import tomli_w

from tuitrain.atomic_io import write_atomic
from tuitrain.errors import CommandError, ScenarioError, TuitrainError
from tuitrain.records.branch_replay import BranchReplay, RecordedDecision
from tuitrain.records.record_format import DigestLine, EndLine
from tuitrain.records.record_reader import read_journal
from tuitrain.records.repetition import command_entries

from .codegen import generate_program
from .load import load
from .schema import At, Scenario
from .verify import read_repeatable


def save(source: Path, target: Path, overwrite: bool = False) -> Scenario:
    """Save a recorded run's last branch as a scenario or a program.

    Replaying the scenario, or running the program, reaches the bits of the end of that branch.

    Parameters
    ----------
    source : the folder of the run, or a scenario to write as Python
    target : the file; the suffix decides: ``.toml`` for a scenario, ``.py`` for a program
    overwrite : whether to replace an existing file; otherwise it is an error

    Returns
    -------
    The scenario.

    Raises
    ------
    TuitrainError : the folder has no run, its record is damaged, the file has another suffix or
        cannot be written, or a command cannot be written as Python
    """
    if target.suffix not in (".toml", ".py"):
        raise TuitrainError(f"{target}: name a .toml file for a scenario, or a .py file for Python")
    if source.is_file() and target.suffix == ".toml":
        raise TuitrainError(f"{source} is a scenario already; name a .py file for Python")
    scenario = load(source) if source.is_file() else recorded_scenario(source)
    text = (
        to_toml(scenario) if target.suffix == ".toml" else generate_program(scenario, str(source))
    )
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
    _, began_as = read_repeatable(folder)
    try:
        lines = _lines(folder)
    except CommandError as error:
        raise ScenarioError(f"{folder}: the record is damaged: {error}") from None
    decisions, ended = lines.decisions, {}
    if lines.stopped_at is not None:
        if lines.stopped_at == 0:
            raise TuitrainError(f"{folder}: the run was stopped before its first step")
        # Decisions at the last step have had no effect on the training.
        decisions = [decision for decision in decisions if decision.step < lines.stopped_at]
        ended = {"steps": lines.stopped_at, "epochs": None}
    return msgspec.structs.replace(began_as, at=tuple(_entries(decisions)), expect=(), **ended)


def to_toml(scenario: Scenario) -> str:
    """Return the TOML text of a scenario, from which `load.loads` reads an equal one."""
    return tomli_w.dumps(msgspec.to_builtins(scenario))


def _lines(folder: Path) -> BranchReplay:
    lines = BranchReplay()
    for line in read_journal(folder):
        stopped_at, has_digests = lines.stopped_at, isinstance(line, DigestLine | EndLine)
        if has_digests and stopped_at is not None and line.step > stopped_at:
            lines.stopped_at = None  # the run was resumed
        for entry in command_entries([line]):
            if entry.outcome == "applied":
                lines.replay(entry.step, entry.command)
    return lines


def _entries(decisions: Iterable[RecordedDecision]) -> Iterable[At]:
    """Put the commands of one step into one entry, in order."""
    together: dict[int, list[str]] = {}
    for decision in decisions:
        together.setdefault(decision.step, []).append(decision.command)
    for step, texts in together.items():
        yield At(do=texts[0] if len(texts) == 1 else tuple(texts), step=step)
