"""Build a session from a scenario: the engine, the facts of the run, planned commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tuitrain.engines.engine import Engine
from tuitrain.engines.factory import EngineSpec
from tuitrain.engines.registry import IMPORTED_ENGINE, SCRIPT_ENGINE, engine_factory
from tuitrain.errors import RefusedError, ScenarioError, UserCodeError
from tuitrain.metric_info import MetricInfo
from tuitrain.records.provenance import compute_provenance
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.command_plan import find_plan_problem
from tuitrain.run.progress import ProgressCallback, ignore_progress
from tuitrain.run.recorder import NULL_RECORDER, Recorder
from tuitrain.run.session import PlannedCommand, Session
from tuitrain.run.snapshot import RunInfo
from tuitrain.user_code import user_code_error

from .data_spec import is_file_data
from .engine_spec import make_engine_spec
from .load import parse_commands
from .metrics import evaluate_every, metric_infos
from .module_search import search_modules_of
from .schema import At, Expect, Scenario, entry_name, limits_of, log_places


def make_run_info(
    scenario: Scenario, steps_per_epoch: int = 0, metrics: tuple[MetricInfo, ...] = ()
) -> RunInfo:
    """Return the facts of a run; lengths are 0 until the data has been read.

    A script draws its own random numbers, so the seed of its scenario is not used.

    Parameters
    ----------
    metrics : what the run measures (default: what the scenario says)
    """
    total = scenario.steps or (scenario.epochs or 0) * steps_per_epoch
    is_script = scenario.engine in (SCRIPT_ENGINE, IMPORTED_ENGINE)
    return RunInfo(
        name=scenario.name,
        model=scenario.model,
        data=scenario.data,
        seed=None if is_script else scenario.seed,
        batch_size=scenario.batch_size,
        steps_per_epoch=steps_per_epoch,
        total_steps=total if steps_per_epoch or is_script else 0,
        metrics=metrics or metric_infos(scenario),
        evaluate_every=evaluate_every(scenario.evaluate, steps_per_epoch),
        reports_metrics=is_script,
    )


def build(
    scenario: Scenario,
    source: str,
    on_progress: ProgressCallback = ignore_progress,
    recorder: Recorder = NULL_RECORDER,
) -> Session:
    """Load the data, make the model, and return the session before its first step.

    Parameters
    ----------
    scenario : what to build
    source : its name in errors: the file
    on_progress : called with the work in progress
    recorder : records the session

    Raises
    ------
    ScenarioError : names the source, the key, and the allowed values
    """
    on_progress("loading the numerics")
    with _naming_source(source):
        return _build(scenario, on_progress, recorder)


def build_engine(
    scenario: Scenario, source: str, on_progress: ProgressCallback = ignore_progress
) -> Engine:
    """Load the data, make the model, and return the engine before its first step.

    Raises
    ------
    ScenarioError : names the source, the key, and the allowed values
    """
    with _naming_source(source):
        return _engine(scenario, on_progress)[0]


def build_model_and_spec(scenario: Scenario, source: str) -> tuple[Any, EngineSpec]:
    """Make the model in its state before the first step; return it with the engine's parts.

    Raises
    ------
    ScenarioError : names the source, the key, and the allowed values
    """
    with _naming_source(source):
        factory = engine_factory(scenario.engine)
        spec = make_engine_spec(scenario, factory)
        return factory.make_model(spec), spec


@contextmanager
def _naming_source(source: str) -> Iterator[None]:
    """Name the source in errors raised inside."""
    from tuitrain_core.errors import CoreError

    search_modules_of(source)
    try:
        yield
    except UserCodeError as error:
        raise UserCodeError(f"{source}: {error}", error.traceback) from None
    except (ScenarioError, RefusedError, CoreError) as error:
        raise ScenarioError(f"{source}: {error}") from None


def _engine(scenario: Scenario, on_progress: ProgressCallback) -> tuple[Engine, EngineSpec]:
    factory = engine_factory(scenario.engine)
    spec = make_engine_spec(scenario, factory, on_progress)
    on_progress(f"making {scenario.model}")
    return factory.build(spec), spec


def _build(scenario: Scenario, on_progress: ProgressCallback, recorder: Recorder) -> Session:
    engine, spec = _engine(scenario, on_progress)
    info = make_run_info(scenario, engine.steps_per_epoch, engine.metrics)
    planned = list(planned_commands(scenario.at, info))
    stops = list(stops_of_expectations(scenario.expect, info))
    on_progress("compiling kernels")
    try:
        engine.warm_up(
            lambda _name, done, total: on_progress(
                f"compiling kernels: {done} of {total}", done / total
            )
        )
    except (Exception, SystemExit) as error:  # the user's own model may raise anything
        raise user_code_error(
            f"model: {scenario.model} cannot train on {scenario.data}", error
        ) from error
    recorder.provenance(
        lambda: compute_provenance(spec.train, spec.test, _modules(scenario, engine))
    )
    has_logs = any(log_places(scenario.log).values())
    policy = CheckpointPolicy.for_batch_size(engine.batch_size).for_logs(has_logs)
    limits = limits_of(scenario.limits)
    return Session(engine, info, planned, stops, recorder, policy, limits)


def _modules(scenario: Scenario, engine: Engine) -> Iterator[str]:
    """Yield the names of the Python modules that define model, data, loss and metrics."""
    loss = scenario.loss if isinstance(scenario.loss, str) else str(scenario.loss.get("name"))
    for name in (scenario.model, scenario.data, loss, *scenario.metrics):
        module, colon, _ = name.partition(":")
        if colon and not is_file_data(name):
            yield module
    yield from engine.source_modules()


def due_step(entry: At | Expect, steps_per_epoch: int) -> int:
    """Return the number of steps taken at which an entry is due."""
    return entry.step if entry.step is not None else (entry.epoch or 0) * steps_per_epoch


def planned_commands(entries: Iterable[At], info: RunInfo) -> Iterator[PlannedCommand]:
    """Yield the planned commands of a run.

    Raises
    ------
    ScenarioError : an entry is not within the run; see `find_plan_problem`
    """
    for number, entry in enumerate(entries, start=1):
        step = due_step(entry, info.steps_per_epoch)
        for command in parse_commands(entry):
            if problem := find_plan_problem(step, command, info.total_steps):
                raise ScenarioError(f"{entry_name('at', number)}: {problem}")
            yield PlannedCommand(step, command)


def stops_of_expectations(expectations: Iterable[Expect], info: RunInfo) -> Iterator[int]:
    """Yield the steps at which expectations are checked, or begin to compare bytes.

    Raises
    ------
    ScenarioError : an expectation is after the end of the run
    """
    for number, expect in enumerate(expectations, start=1):
        due = due_step(expect, info.steps_per_epoch)
        if due > info.total_steps:
            raise ScenarioError(
                f"{entry_name('expect', number)}: step {due} is after the end of the run, "
                f"{info.total_steps}"
            )
        yield due
        for since in (expect.unchanged, expect.changed):
            if since is not None:
                yield reference_step(since, info.steps_per_epoch)


def reference_step(since: Any, steps_per_epoch: int) -> int:
    """Return the step with whose bytes later ones are compared."""
    if since.since_step is not None:
        return since.since_step
    return (since.since_epoch or 0) * steps_per_epoch
