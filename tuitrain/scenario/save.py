"""Saving a recorded run as a scenario or as Python: what was done by hand is written into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from tuitrain.commands import (
    Branch,
    BreakOff,
    BreakWhen,
    Checkpoint,
    Pause,
    Redo,
    Resume,
    Rewind,
    RewindTo,
    Step,
    Stop,
    TryLr,
    Undo,
    parse,
    to_text,
)
from tuitrain.errors import CommandError, ScenarioError, TuitrainError
from tuitrain.run.folder import read_header, read_journal, write_whole

from .load import load
from .python import python_script
from .schema import At, Scenario


@dataclass(slots=True)
class Lines:
    """The lines of history that a journal tells of, without training anything again.

    Attributes
    ----------
    current : what was decided on the line that the journal ends on: (step, command) in order
    stopped_at : the step at which that line was stopped, or None
    """

    current: list[tuple[int, str]] = field(default_factory=list)
    stopped_at: int | None = None
    _name: str = "main"
    _left: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    _undone: list[str] = field(default_factory=list)
    _marks: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    _made: int = 0

    def follow(self, step: int, text: str) -> None:
        """Take in one command that was applied at ``step``."""
        self.stopped_at = None
        match parse(text):
            case Rewind(step=target):
                self._fork([each for each in self.current if each[0] < target])
            case RewindTo(name=name):
                self._fork(list(self._marks[name]))
            case Checkpoint(name=name):
                self._marks[name] = list(self.current)
            case Undo():
                self._undone.append(self._name)
                self._fork(self.current[:-1])
            case Redo():
                self._take_up(self._undone.pop())
            case Branch(name=name):
                self._take_up(name)
            case TryLr() as command:
                for candidate in command.candidates():
                    self._made += 1
                    tried = [*self.current, (step, to_text(candidate))]
                    self._left[f"b{self._made}"] = tried
            case Stop():
                self.stopped_at = step
            case Pause() | Resume() | Step() | BreakWhen() | BreakOff():
                pass
            case _:
                self.current.append((step, text))

    def _take_up(self, name: str) -> None:
        wanted = self._left.pop(name)
        self._left[self._name] = self.current
        self._name, self.current = name, wanted

    def _fork(self, decisions: list[tuple[int, str]]) -> None:
        self._left[self._name] = self.current
        self._made += 1
        self._name, self.current = f"b{self._made}", decisions


def save(source: Path, target: Path, overwrite: bool = False) -> Scenario:
    """Write what a recorded run's last line of history comes down to.

    Whoever replays the scenario, or runs the script, gets the bits at the end of that line.

    Parameters
    ----------
    source : the folder of the run; or a scenario, to be written as Python
    target : the file; its suffix decides: ``.toml`` for a scenario, ``.py`` for a Python script
    overwrite : whether a file that is there is written over; else it is left alone

    Returns
    -------
    The scenario.

    Raises
    ------
    TuitrainError : the folder holds no run, its record is damaged, the file has another suffix or
        cannot be written, or something that is done cannot be written as Python
    """
    if target.suffix not in (".toml", ".py"):
        raise TuitrainError(f"{target}: name a .toml file for a scenario, or a .py file for Python")
    if source.is_file() and target.suffix == ".toml":
        raise TuitrainError(f"{source} is a scenario already; name a .py file for Python")
    scenario = load(source) if source.is_file() else recorded(source)
    text = as_toml(scenario) if target.suffix == ".toml" else python_script(scenario, str(source))
    try:
        if overwrite:
            write_whole(target, text.encode())
        else:
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError:
        raise TuitrainError(f"{target} is there already; name another file") from None
    except OSError as error:
        raise TuitrainError(f"{target} cannot be written: {error.strerror}") from None
    return scenario


def recorded(folder: Path) -> Scenario:
    """Return the scenario of a recorded run's last line of history.

    Expectations are not taken over: they were those of the scenario that the run began as.

    Raises
    ------
    TuitrainError : the folder holds no run, or its record is damaged
    """
    header = read_header(folder)
    try:
        began_as = msgspec.convert(header.scenario, Scenario)
        lines = _lines(read_journal(folder))
    except (msgspec.ValidationError, CommandError, KeyError) as error:
        raise ScenarioError(f"{folder}: the record is damaged: {error}") from None
    decisions, ended = lines.current, {}
    if lines.stopped_at is not None:
        if lines.stopped_at == 0:
            raise TuitrainError(f"{folder}: the run was stopped before its first step")
        # What was decided where it stopped has trained nothing.
        decisions = [each for each in decisions if each[0] < lines.stopped_at]
        ended = {"steps": lines.stopped_at, "epochs": None}
    return msgspec.structs.replace(began_as, at=tuple(_entries(decisions)), expect=(), **ended)


def as_toml(scenario: Scenario) -> str:
    """Write a scenario as the text that `load.loads` reads back to an equal one."""
    return tomli_w.dumps(msgspec.to_builtins(scenario))


def _lines(records: Iterable[Mapping[str, Any]]) -> Lines:
    lines = Lines()
    for record in records:
        if record.get("event") == "command" and record.get("outcome") == "applied":
            lines.follow(int(record["step"]), str(record["command"]))
        elif record.get("event") == "digest" and int(record["step"]) > (lines.stopped_at or 0):
            lines.stopped_at = None  # the run was resumed
    return lines


def _entries(decisions: Iterable[tuple[int, str]]) -> Iterable[At]:
    """Put the commands of one step into one entry, in order."""
    together: dict[int, list[str]] = {}
    for step, text in decisions:
        together.setdefault(step, []).append(text)
    for step, texts in together.items():
        yield At(do=texts[0] if len(texts) == 1 else tuple(texts), step=step)
