"""`watch`: steer and record the training loop of a script."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tuitrain.engines.loops.turns import StoppedError
from tuitrain.engines.registry import is_torch_module, steer_script, torch_seed
from tuitrain.errors import ExpectationError, RefusedError, ScenarioError
from tuitrain.records.provenance import run_title, script_name
from tuitrain.run.limits import Limits, make_limits
from tuitrain.run.snapshot import RunInfo
from tuitrain.user_paths import user_path

from .arguments import (
    Logs,
    Plan,
    RunLength,
    check_kind,
    check_loader,
    check_net,
    check_path,
    log_folders,
    metric_infos,
    planned_commands,
)
from .loop_run import LoopRun
from .plan_file import PlanFile, commands_of
from .torch_run import TorchRun
from .uncaught import report_mistakes

if TYPE_CHECKING:
    from tuitrain.engines.registry import ScriptEngine

    _Base = LoopRun[ScriptEngine]
else:
    _Base = LoopRun

__all__ = ["ExpectationError", "Plan", "ScriptRun", "StoppedError", "TorchRun", "watch"]


_WRAPPERS: Final = {
    "DistributedDataParallel": "module",
    "DataParallel": "module",
    "OptimizedModule": "_orig_mod",
}
"""Where the classes of PyTorch that wrap a network have it."""


def watch(
    net: Any,
    optimizer: Any,
    *,
    loader: Any = None,
    epochs: int | None = None,
    steps: int | None = None,
    steps_per_epoch: int | None = None,
    name: str | None = None,
    metrics: str | Sequence[str] = ("accuracy",),
    plan: Plan | None = None,
    scenario: str | Path | None = None,
    out: str | Path | None = None,
    schedulers: Any = (),
    scaler: Any = None,
    limits: Mapping[str, Any] | None = None,
    log: Logs = (),
) -> Any:
    """Steer and record the training loop that follows.

    Call it once, after the optimizer is made and before the loop. From then on commands take
    effect between the steps of the loop. The run has a screen if the script was started by
    ``tuitrain run SCRIPT.py``, and none otherwise; the weights are the same.

    Parameters
    ----------
    net : a `tuitrain_core` Module, or a `torch.nn.Module`
    optimizer : an optimizer of the same kind; several as a MultipleOptimizer of the core, or as a
        list of torch's, in the order in which they step. Each entry of ``param_groups`` becomes a
        group, called by the entry's ``name`` if it has one
    loader : the batches of the loop, for their number and the samples in them
    epochs, steps : the length of the run: one of them. A loop in PyTorch may give its length to
        `TorchRun.batches`, or none
    steps_per_epoch : with ``epochs``; counts before the length of a loader
    name : of the run (default: the script's)
    metrics : the names that `LoopRun.log` reports, the main one first; or a single name
    plan : commands by step, as in ``{0: "freeze conv", 100: ["thaw conv", "lr fc 0.01"]}``
    scenario : instead of ``plan``: a TOML file whose ``[[at]]`` entries give commands by step or
        epoch, and whose ``[[expect]]`` entries say what must hold
    out : the folder of the record (default: a new one in the folder of runs)
    schedulers, scaler : of a loop in PyTorch: a learning-rate scheduler or several, and a
        GradScaler. They become part of the state, so that the way back includes them.
    limits : what programs that steer the run may do, as the table ``[limits]`` of a scenario has
        it: ``{"lr_factor": 10, "groups": ["head"]}``
    log : what is written for other tools while it trains: ``["tensorboard"]``, or with a folder
        ``{"tensorboard": "runs"}``; also ``csv``, ``jsonl`` and ``wandb`` (default: the folder of
        the record)

    Returns
    -------
    `ScriptRun`, or for a network of PyTorch `TorchRun`.

    Raises
    ------
    RefusedError : an argument does not fit; says what is allowed
    CommandError : a planned command cannot be read
    ScenarioError : the file of ``scenario`` cannot be read, does not fit the run, or names a group,
        a parameter, an optimizer or a metric that there is not
    """
    report_mistakes()
    is_torch = is_torch_module(net)
    check_net(net)
    if loader is not None:
        check_loader("watch(…, loader=…)", loader)
    check_kind(name is None or isinstance(name, str), "watch(…, name=…)", "a text", name)
    plan_path, folder = check_path("scenario", scenario), check_path("out", out)
    length = RunLength(epochs, steps, steps_per_epoch, may_be_open=is_torch)
    per_epoch, total = length.resolve(loader)
    title = name or run_title(sys.argv[0])
    size = getattr(loader, "batch_size", None) or 1
    model, data = _model_name(net), script_name(sys.argv[0])
    infos = metric_infos(metrics)
    seed = torch_seed() if is_torch else None
    info = RunInfo(title, model, data, seed, size, per_epoch, total, infos, reports_metrics=True)
    checked = _checked_plan(plan, plan_path, info, length.has_epochs(loader))
    allowed, logs = _checked_limits(limits, checked), log_folders(log)
    if not is_torch and (schedulers or scaler is not None):
        raise RefusedError("watch takes schedulers and a scaler for networks of PyTorch only")
    if is_torch:
        run = TorchRun(net, optimizer, info, checked, loader, folder, schedulers, scaler)
    else:
        run = ScriptRun(net, optimizer, info, checked, loader, folder, length)
    run.limits = allowed
    run.logs = logs
    return run


def _checked_limits(limits: Mapping[str, Any] | None, plan: Plan | PlanFile) -> Limits | None:
    """Return the limits of a run, which are in its plan or given."""
    planned = plan.limits if isinstance(plan, PlanFile) else None
    if limits is not None and planned is not None:
        raise RefusedError("watch takes limits by limits={…} or by scenario=FILE, but not by both")
    return make_limits(limits) or planned


def _model_name(net: Any) -> str:
    """Return the name of a network's class, inside of wrappers: compiled, in several processes."""
    while (name := type(net).__name__) in _WRAPPERS:
        net = getattr(net, _WRAPPERS[name])
    return name


def _checked_plan(
    plan: Plan | None, scenario: str | None, info: RunInfo, has_epochs: bool
) -> Plan | PlanFile:
    """Return the plan of a run, checked as far as its length is known."""
    if scenario is None:
        planned_commands(plan, info.total_steps)
        return plan or {}
    if plan is not None:
        raise RefusedError("watch takes commands by plan={…} or by scenario=FILE, but not by both")
    file = PlanFile.read(_plan_path(scenario), has_epochs)
    if has_epochs or not info.is_open:
        file.commands(info)
        file.stops(info)
    return file


def _plan_path(text: str) -> Path:
    """Return the path of a plan: as the working directory has it, or beside the script."""
    path = user_path(text)
    beside = Path(sys.argv[0] or ".").parent / path
    return beside if not path.exists() and beside.exists() else path


class ScriptRun(_Base):
    """The run of a loop that trains with `tuitrain_core`; `watch` returns it.

    Its methods are called by the loop. It ends with the script, or with `finish`.
    """

    def __init__(
        self,
        net: Any,
        optimizer: Any,
        info: RunInfo,
        plan: Plan | PlanFile,
        loader: Any,
        out: str | Path | None,
        length: RunLength,
    ) -> None:
        self._parts = tuple(getattr(optimizer, "opts", ()))
        if any(map(_is_watched, (optimizer, *self._parts))):
            raise RefusedError(
                "this optimizer is watched already; end that run first: run.finish()"
            )
        super().__init__(info, plan, out)
        self._net, self._optimizer, self._loader = net, optimizer, loader
        self._length = length
        self._engine = self._steer(None)
        try:
            self._check_plan()
        except ScenarioError:
            self._engine.loop.end()
            raise
        optimizer.step = self._step
        for part in self._parts:
            part.step = self._refuse_part
        self._begin()

    @property
    def step(self) -> int:
        """Steps taken."""
        return self._engine.loop.step

    def batches(self, loader: Any = None) -> Iterator[Any]:
        """Yield the batches of all epochs, each a function of its step, so the run can go back.

        After a rewind, an undo or a return to a branch, the batch of another step follows. The
        body of the loop calls ``optimizer.step()`` once; a second call is refused. The epochs of
        `watch` are those of this loader.

        Parameters
        ----------
        loader : a `tuitrain_core.data.DataLoader` (default: that of `watch`)

        Raises
        ------
        RefusedError : the loader is of another kind, the loop has begun already, or a planned step
            is not in the run
        """
        chosen = self._loader if loader is None else loader
        if not callable(getattr(chosen, "batch", None)) or not hasattr(chosen, "dataset"):
            kind = type(chosen).__name__
            raise RefusedError(
                f"run.batches takes a tuitrain_core DataLoader of a data set in memory, but was "
                f"given {kind}"
            )
        if self._has_started:
            raise RefusedError("run.batches comes before the first step of the loop")
        per_epoch, total = self._length.resolve(chosen)
        info = replace(
            self.info,
            batch_size=chosen.batch_size,
            steps_per_epoch=per_epoch,
            total_steps=total,
        )
        commands_of(self._plan, info)
        self.info = info
        reported = self._engine.loop.reported
        self._engine.loop.end()
        self._engine = self._steer(chosen)
        self._engine.loop.log(reported)
        return self._batches(self._engine)

    def _steer(self, loader: Any) -> ScriptEngine:
        info = self.info
        return steer_script(
            self._net, self._optimizer, info.steps_per_epoch, info.metrics, loader, self._start
        )

    def _batches(self, engine: ScriptEngine) -> Iterator[Any]:
        if engine is not self._engine:
            raise RefusedError("run.batches was called again since, and yields those batches only")
        loop = engine.loop
        while (batch := loop.fetch()) is not None:
            taken = loop.updates
            yield batch
            if loop.updates == taken and not loop.has_jumped:
                raise RefusedError("the body of the loop did not call optimizer.step()")

    def _step(self) -> Any:
        """Update the parameters, in place of the optimizer's own step."""
        self._engine.loop.update()
        return self._optimizer

    def _refuse_part(self) -> Any:
        """Refuse the step of one optimizer among several."""
        raise RefusedError(
            "this optimizer is part of the MultipleOptimizer that watch was given; call the step "
            "of that one"
        )

    def _detach(self) -> None:
        for optimizer in (self._optimizer, *self._parts):
            vars(optimizer).pop("step", None)


def _is_watched(optimizer: Any) -> bool:
    """Whether the step of an optimizer is that of a run."""
    return isinstance(getattr(getattr(optimizer, "step", None), "__self__", None), ScriptRun)
