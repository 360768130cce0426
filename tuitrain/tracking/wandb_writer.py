"""Logs for Weights & Biases: runs in its offline mode, one for each branch, in one group.

The library writes them: ``wandb sync`` uploads such a run, and ``wandb beta leet`` shows it in the
terminal. Nothing is sent anywhere.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np

from tuitrain.encoding import to_encodable
from tuitrain.errors import TuitrainError

from .extras import load_extra
from .rows import BranchStart, Histogram, Row, RunFacts, Scalar
from .tags import tag_of

EXTRA: Final = "wandb"

PROJECT: Final = "tuitrain"
"""The project of the runs, until the user syncs them to another one."""

_SETTINGS: Final = {
    "silent": True,
    "console": "off",
    "disable_git": True,
    "disable_code": True,
    "disable_job_creation": True,
    "x_disable_stats": True,
    "x_disable_meta": True,
    "x_save_requirements": False,
}
"""Settings, where this version of the library has them. The values of the run are written, and
nothing about the machine or the user's files."""


class WandbWriter:
    """Writes offline runs.

    Parameters
    ----------
    folder : gets a folder ``wandb`` with a folder for each branch
    facts : of the run
    replaces : whether earlier logs of the run there are removed

    Raises
    ------
    TuitrainError : the package is not installed, or the folder has this run already
    """

    def __init__(self, folder: Path, facts: RunFacts, replaces: bool = False) -> None:
        self._wandb = load_extra("wandb", EXTRA)
        self._folder, self._facts, self._replaces = folder, facts, replaces
        self._branches: dict[str, _BranchRun] = {}
        known = self._wandb.Settings.model_fields
        chosen = {name: value for name, value in _SETTINGS.items() if name in known}
        self._settings = self._wandb.Settings(**chosen)
        self._clear("main")

    def begin(self, branch: BranchStart) -> None:
        """Begin the run of a branch."""
        if branch.parent:
            self._clear(branch.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        facts = self._facts
        self._branches[branch.name] = _BranchRun(
            self._wandb.init(
                mode="offline",
                dir=str(self._folder),
                project=PROJECT,
                id=self._id(branch.name),
                name=to_encodable(f"{facts.label} {branch.name}"),
                group=to_encodable(facts.label)[:128],
                config={**facts.scenario, "parent": branch.parent, "fork": branch.fork},
                reinit="create_new",
                settings=self._settings,
            )
        )

    def write(self, branch: str, row: Row, time: float) -> None:
        """Write a row; those of one step become one entry of the history."""
        run = self._branches[branch]
        if isinstance(row, Histogram):
            value = self._wandb.Histogram(np_histogram=(np.array(row.counts), np.array(row.edges)))
        else:
            value = row.value if isinstance(row, Scalar) else to_encodable(row.text)
        run.add(row.step, tag_of(row), value, time)

    def flush(self) -> None:
        """Do nothing: the library writes on its own."""

    def close(self) -> None:
        """End all runs."""
        for run in self._branches.values():
            run.finish()

    def _id(self, branch: str) -> str:
        return hashlib.sha256(f"{self._facts.key} {branch}".encode()).hexdigest()[:16]

    def _clear(self, branch: str) -> None:
        """Remove the run of a branch, or refuse a folder that has it."""
        for existing in (self._folder / "wandb").glob(f"*run-*-{self._id(branch)}"):
            if not self._replaces:
                raise TuitrainError(f"{existing} has this run already; name another folder")
            shutil.rmtree(existing)


class _BranchRun:
    """A run of W&B; its steps only grow, so the values of a step are collected."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self._step, self._values = 0, dict[str, Any]()

    def add(self, step: int, tag: str, value: Any, time: float) -> None:
        """Add a value to a step; of a step that has passed, to the present one."""
        if step > self._step:
            self._log()
            self._step = step
        before = self._values.get(tag)
        if isinstance(before, str):
            value = f"{before}\n{value}"
        self._values[tag] = value
        self._values["_timestamp"] = time

    def finish(self) -> None:
        """Write the last step, and end the run."""
        self._log()
        self._run.finish()

    def _log(self) -> None:
        if self._values:
            self._run.log(self._values, step=self._step)
            self._values = {}
