"""The plan of a script's loop: the commands and the expectations of a TOML file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tuitrain.commands import to_text
from tuitrain.engines.targets import KnownNames
from tuitrain.errors import RefusedError, ScenarioError
from tuitrain.metric_info import MetricInfo
from tuitrain.records.provenance import file_digest
from tuitrain.run.limits import Limits
from tuitrain.run.session import PlannedCommand, Session
from tuitrain.run.snapshot import RunInfo
from tuitrain.scenario.build import planned_commands, stops_of_expectations
from tuitrain.scenario.expect import Expectations
from tuitrain.scenario.live_expectations import ExpectationLog, attach_expectations
from tuitrain.scenario.load import load_plan, parse_commands
from tuitrain.scenario.schema import At, Expect, Since, entry_name, limits_of

from . import arguments
from .arguments import Plan
from .plan_names import check_command_names, check_expected_names, made_groups, with_groups


@dataclass(frozen=True, slots=True)
class PlanFile:
    """Commands and expectations by step or epoch.

    Attributes
    ----------
    source : the file, for errors
    digest : the SHA-256 of the file
    at, expect : its entries
    limits : what programs that steer may do, or None
    has_epochs : whether the length of an epoch is known although the length of the run is not
    """

    source: str
    digest: str
    at: tuple[At, ...]
    expect: tuple[Expect, ...]
    has_epochs: bool = True
    limits: Limits | None = None

    @staticmethod
    def read(path: Path, has_epochs: bool = True) -> PlanFile:
        """Read a file.

        Raises
        ------
        ScenarioError : it cannot be read, or has a key that a plan does not have
        """
        plan, digest = load_plan(path), file_digest(path)
        limits = limits_of(plan.limits)
        return PlanFile(str(path), digest, plan.at, plan.expect, has_epochs, limits)

    def commands(self, info: RunInfo) -> list[PlannedCommand]:
        """Return the commands with their steps, in the order of the file.

        Raises
        ------
        ScenarioError : an entry is not within the run, or its epoch has no known length
        """
        with self._checked(info):
            return list(planned_commands(self.at, info))

    def stops(self, info: RunInfo) -> list[int]:
        """Return the steps at which expectations are checked or bytes are remembered.

        Raises
        ------
        ScenarioError : an expectation is not within the run, or its epoch has no known length
        """
        with self._checked(info):
            return list(stops_of_expectations(self.expect, info))

    def observe(self, session: Session) -> ExpectationLog:
        """Have a session check the expectations at its boundaries.

        Raises
        ------
        ScenarioError : an expectation names an unknown group, parameter or metric
        """
        return attach_expectations(session, Expectations(self.expect, session, self.source))

    def check_names(self, known: KnownNames, metrics: Sequence[MetricInfo]) -> None:
        """Check that commands and expectations name what there is; groups may be made by commands.

        Raises
        ------
        ScenarioError : a group, a parameter, an optimizer or a metric is not known; names the entry
            and the nearest match
        """
        planned = [(entry, parse_commands(entry)) for entry in self.at]
        made = [name for _, items in planned for item in items for name in made_groups(item)]
        known = with_groups(known, made)
        for number, (_, commands) in enumerate(planned, start=1):
            for command in commands:
                with self._naming(entry_name("at", number), to_text(command)):
                    check_command_names(command, known, metrics)
        for number, expect in enumerate(self.expect, start=1):
            with self._naming(entry_name("expect", number)):
                check_expected_names(expect, known, metrics)

    @contextmanager
    def _naming(self, entry: str, command: str = "") -> Iterator[None]:
        """Name the entry in errors of the block."""
        try:
            yield
        except RefusedError as error:
            what = f"{command!r}: " if command else ""
            raise ScenarioError(f"{self.source}: {entry}: {what}{error}") from None

    @contextmanager
    def _checked(self, info: RunInfo) -> Iterator[None]:
        """Check that epochs have a length; the errors of the block then name the file."""
        self._check_epochs(info)
        try:
            yield
        except ScenarioError as error:
            raise ScenarioError(f"{self.source}: {error}") from None

    def _check_epochs(self, info: RunInfo) -> None:
        """Check that no entry needs the length of an epoch that is not known."""
        if not info.is_open or self.has_epochs:
            return
        for name, key in (*_epochs_of(self.at, "at"), *_epochs_of(self.expect, "expect")):
            raise ScenarioError(
                f"{self.source}: {name}: {key} needs the length of an epoch: "
                "watch(…, steps_per_epoch=N) gives it, or give a step"
            )


def commands_of(plan: Plan | PlanFile, info: RunInfo) -> list[PlannedCommand]:
    """Return the planned commands in the order of their steps.

    Raises
    ------
    RefusedError, CommandError : see `arguments.planned_commands`
    ScenarioError : see `PlanFile.commands`
    """
    if isinstance(plan, PlanFile):
        return plan.commands(info)
    return arguments.planned_commands(plan, info.total_steps)


def _epochs_of(
    entries: tuple[At, ...] | tuple[Expect, ...], table: str
) -> Iterator[tuple[str, str]]:
    """Yield the entries that name an epoch, and what they say."""
    for number, entry in enumerate(entries, start=1):
        if entry.epoch is not None:
            yield entry_name(table, number), f"epoch = {entry.epoch}"
        elif isinstance(entry, Expect):
            for since in (entry.unchanged, entry.changed):
                if isinstance(since, Since) and since.since_epoch is not None:
                    yield entry_name(table, number), f"since_epoch = {since.since_epoch}"
