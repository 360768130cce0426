"""The tests of a scenario: one for each condition that it expects, and one for its run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tuitrain.errors import TuitrainError
from tuitrain.scenario.load import load
from tuitrain.scenario.schema import At, Expect, Scenario, Since, conditions_in

from .scenario_run import ScenarioFailedError, ScenarioRun

RUN_TEST: Final = "runs to its end"
"""The name of the test that the run ends, and that no planned command is refused."""

_DIGEST_CHARACTERS: Final = 15
"""Characters of a digest in the name of a test."""


class ScenarioFile(pytest.File):
    """A scenario; its tests share one run, which begins with the first of them."""

    def collect(self) -> Iterator[ScenarioTest]:
        """Yield the tests of the scenario.

        Raises
        ------
        CollectError : the file cannot be read; says what is wrong, without a traceback
        """
        source = _shown_path(self.path, self.config)
        try:
            scenario = load(self.path)
        except TuitrainError as error:
            raise self.CollectError(str(error).replace(str(self.path), source)) from None
        run = ScenarioRun(scenario, source)
        lines = _expect_lines(self.path)
        yield ScenarioTest.make(self, RUN_TEST, run, 0, "", None)
        names: set[str] = {RUN_TEST}
        for number, key, name in _conditions(scenario):
            line = lines[number - 1] if len(lines) == len(scenario.expect) else None
            unique = next(text for text in _numbered(name) if text not in names)
            names.add(unique)
            yield ScenarioTest.make(self, unique, run, number, key, line)


class ScenarioTest(pytest.Item):
    """A test of one condition of a scenario, or of its run."""

    def __init__(
        self, *, run: ScenarioRun, number: int, key: str, line: int | None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._run, self._number, self._key, self._line = run, number, key, line
        self.add_marker("scenario")
        for mark in self.config.getini("tuitrain_scenario_marks"):
            self.add_marker(mark)

    @classmethod
    def make(
        cls,
        parent: ScenarioFile,
        name: str,
        run: ScenarioRun,
        number: int,
        key: str,
        line: int | None,
    ) -> ScenarioTest:
        """Return a test.

        Parameters
        ----------
        run : shared by the tests of the file
        number : of the entry ``[[expect]]``, counted from 1; 0 for the test of the run
        key : of the condition in the entry
        line : of the entry in the file, counted from 0; None if it is not known
        """
        return cls.from_parent(parent, name=name, run=run, number=number, key=key, line=line)

    def runtest(self) -> None:
        """Run the scenario unless a test before has done so, and check the condition.

        Raises
        ------
        ScenarioFailedError : it does not hold, or could not be checked
        """
        if self._number:
            where = f"{self._run.source}:{(self._line or 0) + 1}" if self._line else ""
            self._run.check(self._number, self._key, where)
        else:
            self._run.check_end()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the report of a failure; a traceback only of another error."""
        if isinstance(excinfo.value, ScenarioFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the file, the line of the expectation, and the title of a failure."""
        return self.path, self._line, f"{self.path.stem}: {self.name}"


def _shown_path(path: Path, config: pytest.Config) -> str:
    """Return a path as errors show it: from the folder where pytest was started, if below."""
    folder = config.invocation_params.dir
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _expect_lines(path: Path) -> list[int]:
    """Return the lines of ``[[expect]]`` in a file, counted from 0."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [index for index, line in enumerate(lines) if re.match(r"\s*\[\[\s*expect\s*\]\]", line)]


def _conditions(scenario: Scenario) -> Iterator[tuple[int, str, str]]:
    """Yield the number of the entry, the key and the name of each condition of a scenario."""
    for number, expect in enumerate(scenario.expect, start=1):
        for key in conditions_in(expect):
            name = f"{_when(expect)}: {_condition_name(key, getattr(expect, key))}"
            yield number, key, name.replace("::", ":")  # pytest splits names there


def _numbered(name: str) -> Iterator[str]:
    """Yield a name, and the same with numbers from 2 on."""
    yield name
    number = 2
    while True:
        yield f"{name} ({number})"
        number += 1


def _when(entry: At | Expect) -> str:
    return f"epoch {entry.epoch}" if entry.step is None else f"step {entry.step}"


def _condition_name(key: str, wanted: Any) -> str:
    """Return a condition in words, as the report has it."""
    match key:
        case "unchanged" | "changed":
            return f"{_subject(wanted)} {key} since {_since(wanted)}"
        case "grad_none":
            return f"no gradient for {' '.join(wanted)}"
        case "lr":
            return f"lr of {wanted.group} is {wanted.equals!r}"
        case "metric":
            return f"{wanted.name} {wanted.threshold}"
        case "digest":
            return f"digest is {wanted[:_DIGEST_CHARACTERS]}"
        case _:
            return f"{key} {wanted}"


def _subject(since: Since) -> str:
    return since.group or " ".join(since.params or ())


def _since(since: Since) -> str:
    by_epoch = since.since_step is None
    return f"epoch {since.since_epoch}" if by_epoch else f"step {since.since_step}"
