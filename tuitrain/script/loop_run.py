"""The run of a script's loop, whatever the loop computes with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import msgspec

from tuitrain.after_fork import leave_to_parent
from tuitrain.encoding import write_line
from tuitrain.engines.registry import DEFAULT_ENGINE, engine_factory
from tuitrain.errors import ExpectationError, TerminatedError
from tuitrain.records.observer import NULL_OBSERVER, RecordObserver
from tuitrain.records.provenance import script_provenance
from tuitrain.records.record_reader import SCHEMA, Header
from tuitrain.run.alerts.start import start_alerts
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.limits import Limits
from tuitrain.run.recorder import Recorder
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo
from tuitrain.scenario.expect import Expectations
from tuitrain.scenario.live_expectations import ExpectationLog
from tuitrain.scenario.runs.run_list import new_run_folder
from tuitrain.text import visible
from tuitrain.tracking.live import open_record, start_logs

from .arguments import Plan, check_kind
from .host import Host, LoopEngine
from .host_choice import make_host
from .loop_scenario import loop_scenario
from .plan_file import PlanFile, commands_of
from .repeating_host import RepeatingHost, requested_host
from .reported_values import reported_numbers
from .script_end import ScriptEnd, set_exit_status

E = TypeVar("E", bound=LoopEngine)


class LoopRun(Generic[E]):
    """The run of a script's loop. Its methods are called by the loop.

    It ends with the script, or with `finish`.

    Parameters
    ----------
    info : the facts of the run
    plan : commands by step, or a file of commands and expectations
    out : the folder of the record; None for a new one
    host : drives its session; None for the host that scripts of this process get

    Attributes
    ----------
    limits : what programs that steer may do; set before the first step
    logs : a folder for each format of a log; see `start_logs`
    """

    _engine: E
    _engine_name = DEFAULT_ENGINE

    def __init__(
        self,
        info: RunInfo,
        plan: Plan | PlanFile,
        out: str | Path | None,
        host: Host | None = None,
    ) -> None:
        self.info = info
        self._plan = plan
        self.limits: Limits | None = None
        self.logs: Mapping[str, str | bool] = {}
        self._host: Host = host or requested_host() or make_host()
        start_alerts()
        self._repeating = self._host if isinstance(self._host, RepeatingHost) else None
        chosen = self._repeating.out if self._repeating is not None else out
        self._out = Path(chosen) if chosen else self._host.out or new_run_folder(info.name)
        self._files = ExitStack()
        self._session: Session | None = None
        self._expectations: ExpectationLog | None = None
        self._on_stop: Callable[[], None] | None = None
        self._has_finished = False
        self._script_end = ScriptEnd(self._end_at_exit)
        self._provenance = script_provenance()
        if isinstance(plan, PlanFile):
            self._provenance["source of the plan"] = plan.digest

    def _check_plan(self) -> None:
        """Check that a plan of a file names what there is, as far as that is known before a step.

        Raises
        ------
        ScenarioError : see `PlanFile.check_names`
        """
        if isinstance(self._plan, PlanFile):
            self._plan.check_names(self._engine.known_names(), self.info.metrics)

    def _begin(self) -> None:
        """Have the script's end end the run."""
        self._script_end.begin()
        leave_to_parent(self)
        self._host.watch(self._end)

    def after_fork(self) -> None:
        """Leave the run to the parent; called in a forked child, whose loop runs alone."""
        self._has_finished = True
        self._script_end.cancel()
        self._engine.loop.turns.leave()

    @property
    def folder(self) -> Path:
        """The folder of the record."""
        return self._out

    def log(self, *unnamed: Any, **values: float) -> None:
        """Report metrics of the present step, or the ``loss`` of the coming update.

        A metric is recorded once, at the boundary that comes next.
        Without ``loss`` the loss of a step is what ``gm.backward`` was given, summed.

        Raises
        ------
        RefusedError : a name is not among the ``metrics`` of `watch`, or a value is not a number or
            has no name
        """
        self._engine.loop.log(reported_numbers(unnamed, values, self.info.metrics))

    def handle_stop(self, function: Callable[[], None]) -> None:
        """Have a stop call a function, and not raise `StoppedError` in the loop.

        It is called at each boundary after the stop, until the loop ends.

        Parameters
        ----------
        function : asks the loop to end

        Raises
        ------
        RefusedError : it cannot be called
        """
        check_kind(callable(function), "run.handle_stop", "a function without parameters", function)
        self._on_stop = function
        self._engine.loop.turns.on_stop = function

    def finish(self, error: BaseException | None = None) -> None:
        """End the run, with the exception that has ended the loop; so does the script's end.

        Raises
        ------
        ExpectationError : without a screen, for a run with ``scenario``: an expectation does not
            hold, or a command was refused
        RefusedError : ``error`` is not an exception
        """
        is_known = error is None or isinstance(error, BaseException)
        check_kind(is_known, "run.finish", "the exception that has ended the loop", error)
        if self._has_finished:
            return
        self._end(error)
        for problem in self._failed_plan():
            raise ExpectationError(problem)

    def _end_at_exit(self) -> None:
        """End the run with the script; the process fails if the plan has, as with `finish`."""
        try:
            self._end()
        except TerminatedError as termination:
            set_exit_status(termination.status)
        if next(self._failed_plan(), None) is not None:
            set_exit_status(1)

    def _failed_plan(self) -> Iterator[str]:
        """Yield why the plan of a file has failed, without a screen."""
        if self._script_end.error is not None or not self._host.reports_record:
            return
        if self._expectations is not None:
            yield from self._problems()

    def _end(self, error: BaseException | None = None) -> None:
        """End the run once; a signal that arrives meanwhile ends the script after it."""
        if self._has_finished:
            return
        self._script_end.error = error or self._script_end.error
        self._has_finished = True
        with self._script_end.held():
            self._write_end()

    def _write_end(self) -> None:
        self._script_end.cancel()
        self._detach()
        self._engine.loop.end(self._script_end.error)
        if self._session is None:
            return
        self._host.join()
        if self._session.phase in (Phase.FINISHED, Phase.STOPPED):
            self._session.metrics.record_last_report()
        if self._expectations is not None:
            self._expectations.check()  # of what was reported after the last step
        if self._expectations is not None and self._host.reports_record:
            self._host.unmet = self._expectations.failures
        if self._repeating is not None:
            self._repeating.answer()
        self._files.close()
        self._report()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish(error)

    def _detach(self) -> None:
        """Give the script its optimizer back."""

    @property
    def _has_started(self) -> bool:
        return self._session is not None

    def _start(self) -> None:
        if self._has_started:
            return
        with ExitStack() as files:
            session = self._make_session(files)
            self._files = files.pop_all()
        self._session = session
        if self._on_stop is not None:
            self._engine.loop.turns.on_stop = self._on_stop
        self._engine.loop.on_lr = session.note_lr
        self._engine.loop.collect_reports()
        self._host.start(session, self._engine.loop, self._out)

    def _make_session(self, files: ExitStack) -> Session:
        """Return the session, with a new record or with the one that it repeats."""

        def build(recorder: Recorder) -> tuple[Session, Expectations]:
            session = self._session_with(recorder)
            log = self._expectations
            return session, log.expectations if log else Expectations((), session, "")

        header = self._header()
        if self._repeating is None:
            return self._session_with(open_record(self._out, header, files, self.logs))
        observer: RecordObserver = NULL_OBSERVER
        if self._repeating.reports_record:
            observer = start_logs(self._out, header, files, self.logs, continues=True)
        capabilities = self._engine.capabilities
        return self._repeating.make_session(header, capabilities, files, build, observer)

    def _session_with(self, recorder: Recorder) -> Session:
        info, plan = self.info, self._plan
        stops = plan.stops(info) if isinstance(plan, PlanFile) else ()
        policy = self._checkpoint_policy().for_logs(any(self.logs.values()))
        planned, limits = commands_of(plan, info), self.limits
        session = Session(self._engine, info, planned, stops, recorder, policy, limits)
        if isinstance(plan, PlanFile):
            self._expectations = plan.observe(session)
        return session

    def _checkpoint_policy(self) -> CheckpointPolicy:
        return CheckpointPolicy.for_batch_size(self.info.batch_size)

    def _header(self) -> Header:
        """Return the header of a new record."""
        scenario = msgspec.to_builtins(loop_scenario(self.info, self._engine.groups()))
        environment = dict(engine_factory(self._engine_name).environment())
        seed = msgspec.UNSET if self.info.seed is None else self.info.seed
        place = str(Path.cwd())
        return Header(SCHEMA, scenario, environment, place, self._provenance, seed=seed)

    def _report(self) -> None:
        error = self._host.error
        if error is not None and error is not self._script_end.error:
            write_line(f"tuitrain: the run has failed: {error}", sys.stderr)
        for problem in self._problems():
            write_line(visible(f"tuitrain: {problem}"), sys.stderr)
        if self._host.reports_record:
            if self._expectations is not None and (held := self._expectations.held_count):
                what = "1 expectation holds" if held == 1 else f"{held} expectations hold"
                write_line(f"tuitrain: {what}", sys.stderr)
            write_line(f"recorded in {visible(str(self._out))}", sys.stderr)

    def _problems(self) -> Iterator[str]:
        """Yield why the record ends early, what was refused, and what does not hold."""
        if self._session is not None and self._session.problem:
            yield self._session.problem
        for entry in self._host.refusals:
            yield f"step {entry.step}: {entry.command!r} was refused: {entry.message}"
        for finding in self._host.unmet:
            yield f"step {finding.step}: expected {finding.expected}, found: {finding.found}"
