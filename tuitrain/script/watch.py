"""`watch`: steer and record the training loop of a script."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from tuitrain.commands import parse
from tuitrain.encoding import write_line
from tuitrain.engines.loops.turns import StoppedError
from tuitrain.engines.registry import SCRIPT_ENGINE, engine_factory, steer_script
from tuitrain.errors import RefusedError, did_you_mean, join_or
from tuitrain.metric_info import MetricInfo, info_of, is_metric_name
from tuitrain.records.record_reader import SCHEMA, Header
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.checkpoint_policy import CheckpointPolicy
from tuitrain.run.session import PlannedCommand, Session
from tuitrain.run.snapshot import RunInfo
from tuitrain.scenario.runs.run_list import new_run_folder
from tuitrain.scenario.schema import Group, Scenario
from tuitrain.text import visible

from .host import make_host

__all__ = ["Plan", "ScriptRun", "StoppedError", "watch"]

Plan = Mapping[int, str | Sequence[str]]
"""Commands by the step before which they are applied."""


def watch(
    net: Any,
    optimizer: Any,
    *,
    loader: Any = None,
    epochs: int | None = None,
    steps: int | None = None,
    steps_per_epoch: int | None = None,
    name: str | None = None,
    metrics: Sequence[str] = ("accuracy",),
    plan: Plan | None = None,
    out: str | Path | None = None,
) -> ScriptRun:
    """Steer and record the training loop that follows.

    Call it once, after the optimizer is made and before the loop. From then on
    ``optimizer.step()`` is the boundary: commands take effect there, before the update. The run has
    a screen if the script was started by ``tuitrain run SCRIPT.py``, and none otherwise; the
    weights are the same.

    Parameters
    ----------
    net : a `tuitrain_core` Module
    optimizer : an optimizer of the core, or a MultipleOptimizer; each entry of ``param_groups``
        becomes a group, called by the entry's ``name`` if it has one
    loader : the batches of the loop, for their number and the samples in them
    epochs, steps : the length of the run: one of them
    steps_per_epoch : with ``epochs`` and without ``loader``
    name : of the run (default: the script's)
    metrics : the names that `ScriptRun.log` reports, the main one first
    plan : commands by step, as in ``{0: "freeze conv", 100: ["thaw conv", "lr fc 0.01"]}``
    out : the folder of the record (default: a new one in the folder of runs)

    Raises
    ------
    RefusedError : an argument does not fit; says what is allowed
    CommandError : a planned command cannot be read
    """
    per_epoch = steps_per_epoch or _length_of(loader) or steps
    if (epochs is None) == (steps is None) or not per_epoch:
        raise RefusedError(
            "watch needs the length of the run: loader=… and epochs=N, or steps_per_epoch=N and "
            "epochs=N, or steps=N"
        )
    total = steps if steps is not None else (epochs or 0) * per_epoch
    if total < 1:
        raise RefusedError(f"a run takes at least one step, but was given {total}")
    title = name or Path(sys.argv[0] or "script").stem
    size = getattr(loader, "batch_size", 1)
    model, data = type(net).__name__, Path(sys.argv[0] or "a script").name
    infos = _metric_infos(metrics)
    info = RunInfo(title, model, data, 0, size, per_epoch, total, infos)
    return ScriptRun(net, optimizer, info, _planned(plan or {}, total), loader, out)


class ScriptRun:
    """The run of a script's loop; `watch` returns it. Its methods are called by the loop.

    It ends with the script, or with `finish`.
    """

    def __init__(
        self,
        net: Any,
        optimizer: Any,
        info: RunInfo,
        planned: Sequence[PlannedCommand],
        loader: Any,
        out: str | Path | None,
    ) -> None:
        self.info = info
        self._net, self._optimizer, self._loader = net, optimizer, loader
        self._planned = planned
        self._host = make_host()
        self._out = Path(out) if out is not None else self._host.out or new_run_folder(info.name)
        self._files = ExitStack()
        self._engine = steer_script(net, optimizer, info.steps_per_epoch, info.metrics)
        self._has_started = self._has_finished = False
        self._error: BaseException | None = None
        optimizer.step = self._step
        self._previous_hook = sys.excepthook
        sys.excepthook = self._note_error
        atexit.register(self.finish)
        self._host.watch(self.finish)

    @property
    def step(self) -> int:
        """Steps taken."""
        return self._engine.step

    @property
    def folder(self) -> Path:
        """The folder of the record."""
        return self._out

    def log(self, **values: float) -> None:
        """Report metrics of the present step, or the ``loss`` of the coming update.

        Without ``loss`` the loss of a step is what ``gm.backward`` was given, summed.

        Raises
        ------
        RefusedError : a name is not among the ``metrics`` of `watch`
        """
        known = ["loss", *(info.name for info in self.info.metrics)]
        for name in values:
            if name not in known:
                raise RefusedError(
                    f"watch(…, metrics=[…]) names no {name!r}{did_you_mean(name, known)} "
                    f"(allowed: {join_or(known)})"
                )
        self._engine.loop.log(values)

    def batches(self, loader: Any = None) -> Iterator[Any]:
        """Yield the batches of all epochs, each a function of its step, so the run can go back.

        After a rewind, an undo or a return to a branch, the batch of another step follows. The
        body of the loop calls ``optimizer.step()`` once.

        Parameters
        ----------
        loader : a `tuitrain_core.data.DataLoader` (default: that of `watch`)

        Raises
        ------
        RefusedError : the loader is of another kind, or the loop has begun already
        """
        chosen = self._loader if loader is None else loader
        if not callable(getattr(chosen, "batch", None)) or not hasattr(chosen, "dataset"):
            kind = type(chosen).__name__
            raise RefusedError(
                f"run.batches takes a tuitrain_core DataLoader, but was given {kind}"
            )
        if self._has_started:
            raise RefusedError("run.batches comes before the first optimizer.step()")
        self._engine.loop.end()
        info = self.info
        self._engine = steer_script(
            self._net, self._optimizer, info.steps_per_epoch, info.metrics, chosen
        )
        return self._batches()

    def _batches(self) -> Iterator[Any]:
        self._start()
        loop = self._engine.loop
        while (batch := loop.fetch()) is not None:
            taken = loop.updates
            yield batch
            if loop.updates == taken and not loop.has_jumped:
                raise RefusedError("the body of the loop did not call optimizer.step()")

    def finish(self, error: BaseException | None = None) -> None:
        """End the run, with the exception that has ended the loop; so does the script's end."""
        if self._has_finished:
            return
        self._error = error or self._error
        self._has_finished = True
        atexit.unregister(self.finish)
        if sys.excepthook == self._note_error:
            sys.excepthook = self._previous_hook
        vars(self._optimizer).pop("step", None)
        self._engine.loop.end(self._error)
        if not self._has_started:
            return
        self._host.join()
        self._files.close()
        self._report()

    def __enter__(self) -> ScriptRun:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish(error)

    def _step(self) -> Any:
        """Update the parameters, in place of the optimizer's own step."""
        self._start()
        self._engine.loop.update()
        return self._optimizer

    def _start(self) -> None:
        if self._has_started:
            return
        self._has_started = True
        info = self.info
        recorder = RecordWriter(self._out, _header(self._scenario()), self._files)
        policy = CheckpointPolicy.for_batch_size(info.batch_size)
        session = Session(self._engine, info, self._planned, (), recorder, policy)
        self._host.start(session, self._engine.loop)

    def _scenario(self) -> Scenario:
        """Return the scenario of the record, for readers."""
        groups = self._engine.groups()
        return Scenario(
            schema=1,
            name=self.info.name,
            optimizer={"name": groups[0].optimizer, "lr": groups[0].lr},
            description=f"Trained by the loop of {self.info.data}; only this script repeats it.",
            model=self.info.model,
            data=self.info.data,
            batch_size=self.info.batch_size,
            engine=SCRIPT_ENGINE,
            steps=self.info.total_steps,
            metrics=tuple(item.name for item in self.info.metrics),
            group=tuple(
                Group(
                    group.name,
                    tuple(row.name for row in group.parameters),
                    group.lr,
                    {"name": group.optimizer},
                )
                for group in groups
            ),
        )

    def _note_error(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._error = error
        self._previous_hook(kind, error, trace)

    def _report(self) -> None:
        error = self._host.error
        if error is not None and error is not self._error:
            write_line(f"tuitrain: the run has failed: {error}", sys.stderr)
        if self._host.reports_record:
            write_line(f"recorded in {visible(str(self._out))}", sys.stderr)


def _header(scenario: Scenario) -> Header:
    environment = dict(engine_factory().environment())
    return Header(SCHEMA, msgspec.to_builtins(scenario), environment, str(Path.cwd()))


def _length_of(loader: Any) -> int:
    return len(loader) if hasattr(loader, "__len__") else 0


def _metric_infos(metrics: Sequence[str]) -> tuple[MetricInfo, ...]:
    for name in metrics:
        if not is_metric_name(name):
            raise RefusedError(f"metrics: {name!r:.60} is no name of a metric")
    return tuple(map(info_of, metrics)) or (info_of("accuracy"),)


def _planned(plan: Plan, total: int) -> list[PlannedCommand]:
    """Return the planned commands in the order of their steps."""
    for step in plan:
        if not 0 <= step < total:
            raise RefusedError(f"plan: step {step} is not in the run, which takes {total} steps")
    return [
        PlannedCommand(step, parse(text))
        for step, texts in sorted(plan.items())
        for text in ([texts] if isinstance(texts, str) else texts)
    ]
