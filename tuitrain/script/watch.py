"""`watch`: steer and record the training loop of a script."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuitrain.engines.loops.turns import StoppedError
from tuitrain.engines.registry import is_torch_module, steer_script
from tuitrain.errors import RefusedError
from tuitrain.metric_info import MetricInfo, info_of, is_metric_name
from tuitrain.run.snapshot import OPEN_END, RunInfo

from .loop_run import LoopRun, Plan, planned_commands
from .torch_run import TorchRun

if TYPE_CHECKING:
    from tuitrain.engines.registry import ScriptEngine

    _Base = LoopRun[ScriptEngine]
else:
    _Base = LoopRun

__all__ = ["Plan", "ScriptRun", "StoppedError", "TorchRun", "watch"]


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
    schedulers: Any = (),
    scaler: Any = None,
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
    steps_per_epoch : with ``epochs`` and without ``loader``
    name : of the run (default: the script's)
    metrics : the names that `LoopRun.log` reports, the main one first
    plan : commands by step, as in ``{0: "freeze conv", 100: ["thaw conv", "lr fc 0.01"]}``
    out : the folder of the record (default: a new one in the folder of runs)
    schedulers, scaler : of a loop in PyTorch: a learning-rate scheduler or several, and a
        GradScaler. They become part of the state, so that the way back includes them.

    Returns
    -------
    `ScriptRun`, or for a network of PyTorch `TorchRun`.

    Raises
    ------
    RefusedError : an argument does not fit; says what is allowed
    CommandError : a planned command cannot be read
    """
    is_torch = is_torch_module(net)
    per_epoch = steps_per_epoch or _length_of(loader) or steps
    is_open = is_torch and epochs is None and steps is None
    if not is_open and ((epochs is None) == (steps is None) or not per_epoch):
        raise RefusedError(
            "watch needs the length of the run: loader=… and epochs=N, or steps_per_epoch=N and "
            "epochs=N, or steps=N"
        )
    total = steps if steps is not None else (epochs or 0) * (per_epoch or 0)
    if is_open:
        per_epoch, total = per_epoch or OPEN_EPOCH, OPEN_END
    if total < 1:
        raise RefusedError(f"a run takes at least one step, but was given {total}")
    title = name or Path(sys.argv[0] or "script").stem
    size = getattr(loader, "batch_size", None) or 1
    model, data = type(net).__name__, Path(sys.argv[0] or "a script").name
    infos = _metric_infos(metrics)
    info = RunInfo(title, model, data, 0, size, per_epoch or 1, total, infos, reports_metrics=True)
    planned_commands(plan or {}, total)
    if is_torch:
        return TorchRun(net, optimizer, info, plan or {}, loader, out, schedulers, scaler)
    if schedulers or scaler is not None:
        raise RefusedError("watch takes schedulers and a scaler for networks of PyTorch only")
    return ScriptRun(net, optimizer, info, plan or {}, loader, out)


OPEN_EPOCH = 1000
"""Steps in an epoch of a loop that does not say how long one is."""


class ScriptRun(_Base):
    """The run of a loop that trains with `tuitrain_core`; `watch` returns it.

    Its methods are called by the loop. It ends with the script, or with `finish`.
    """

    def __init__(
        self,
        net: Any,
        optimizer: Any,
        info: RunInfo,
        plan: Plan,
        loader: Any,
        out: str | Path | None,
    ) -> None:
        if isinstance(getattr(getattr(optimizer, "step", None), "__self__", None), ScriptRun):
            raise RefusedError(
                "this optimizer is watched already; end that run first: run.finish()"
            )
        super().__init__(info, plan, out)
        self._net, self._optimizer, self._loader = net, optimizer, loader
        self._engine = self._steer(None)
        optimizer.step = self._step
        self._begin()

    @property
    def step(self) -> int:
        """Steps taken."""
        return self._engine.step

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
            raise RefusedError("run.batches comes before the first step of the loop")
        reported = self._engine.loop.reported
        self._engine.loop.end()
        self._engine = self._steer(chosen)
        self._engine.loop.log(reported)
        return self._batches()

    def _steer(self, loader: Any) -> ScriptEngine:
        info = self.info
        return steer_script(
            self._net, self._optimizer, info.steps_per_epoch, info.metrics, loader, self._start
        )

    def _batches(self) -> Iterator[Any]:
        loop = self._engine.loop
        while (batch := loop.fetch()) is not None:
            taken = loop.updates
            yield batch
            if loop.updates == taken and not loop.has_jumped:
                raise RefusedError("the body of the loop did not call optimizer.step()")

    def _step(self) -> Any:
        """Update the parameters, in place of the optimizer's own step."""
        self._engine.loop.update()
        return self._optimizer

    def _detach(self) -> None:
        vars(self._optimizer).pop("step", None)


def _length_of(loader: Any) -> int:
    return len(loader) if hasattr(loader, "__len__") else 0


def _metric_infos(metrics: Sequence[str]) -> tuple[MetricInfo, ...]:
    for name in metrics:
        if not is_metric_name(name):
            raise RefusedError(f"metrics: {name!r:.60} is no name of a metric")
    return tuple(map(info_of, metrics)) or (info_of("accuracy"),)
