# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The engine of a script's loop in PyTorch: the loop is the user's, and the updates are steered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from tuitrain.commands import AnyCommand
from tuitrain.errors import RefusedError
from tuitrain.metric_info import MetricInfo

from ..batch_view import BatchView, InspectBatch
from ..capabilities import Capabilities, Capability
from ..inspection import NetworkView
from ..pending_step import HoldCondition, PendingStep
from ..trainable import WarmUpProgress, ignore_progress
from ..views import LayerUnits
from .batches import Batches
from .buffers import MutableState
from .engine import TorchEngine
from .loop import TorchLoop
from .objects import StatefulObjects
from .rng import ProcessRandom, RandomState
from .script_groups import ScriptGroups

_NO_WAY_BACK = (
    "the loop of this script fetches its own batches, so no step can be repeated; "
    "`for … in run.batches(loader, epochs=N):` lets the run go back"
)
_REASONS: Mapping[Capability, str] = {
    Capability.EVALUATION: "a script measures for itself; `run.log(accuracy=…)` reports a metric",
    Capability.REWIND: _NO_WAY_BACK,
    Capability.LR_SWEEP: _NO_WAY_BACK,
    Capability.PREVIEW: "the loop of a script cannot be asked for an update that is not applied",
    Capability.DEAD_UNITS: "the forward pass of a script is not known",
    Capability.NETWORK_TREE: "the input of a script's network is not known",
    Capability.CONFUSION: "the test set of a script is not known",
    Capability.PYTHON_EXPORT: "the script is the program",
}


class TorchScriptEngine(TorchEngine):
    """Steers the updates of a loop that runs in another thread; see `Engine`.

    Parameters
    ----------
    model : the network
    optimizers : of the script
    steps_per_epoch : the length of an epoch, for schedules
    metrics : what the script reports with `log`
    batches : gives the batch of any step; None if the loop fetches its own
    objects : schedulers, scalers and the like, by name: part of the state
    random : the generators that the loop draws from; default: those of the process

    Attributes
    ----------
    loop : the loop's side, for the loop alone

    Raises
    ------
    RefusedError : see `ScriptGroups`
    """

    def __init__(
        self,
        model: torch.nn.Module,
        optimizers: Sequence[torch.optim.Optimizer],
        steps_per_epoch: int,
        metrics: Sequence[MetricInfo],
        batches: Batches | None = None,
        objects: Mapping[str, Any] | None = None,
        random: RandomState | None = None,
    ) -> None:
        groups = ScriptGroups(model, optimizers)
        self._script_groups = groups
        super().__init__(model, groups, random or ProcessRandom(), steps_per_epoch)
        self.metrics = tuple(metrics)
        self._batches = batches
        self._objects = StatefulObjects(objects or {})
        self.batch_size = batches.batch_size if batches else 1
        self.samples_per_epoch = batches.samples if batches else steps_per_epoch
        self.capabilities = _capabilities(batches is not None)
        mutable = MutableState(self._buffers, self._random)
        self.loop = TorchLoop(groups, self._buffers, self._pruning, mutable, batches)
        self._updates = self.loop.updates_of
        self.loop.capture_state, self.loop.load_state = self.state, self.load_state
        frozen = [n for n, item in self._parameters.items() if not item.requires_grad]
        self._freeze_at_start(frozen)

    @property
    def optimizers(self) -> Sequence[torch.optim.Optimizer]:
        """The optimizers of the script."""
        return self._script_groups.optimizers

    @property
    def step(self) -> int:
        """Steps taken."""
        return self.loop.step

    def warm_up(self, on_progress: WarmUpProgress = ignore_progress) -> None:
        """Do nothing: the loop takes the first step itself."""

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Let the loop take steps; returns fewer, or none, if it has ended. See `Trainable.run`."""
        return self.loop.run(steps, should_stop, should_hold, hold_condition)

    def interrupt(self) -> None:
        """End the burst under way at the next step boundary."""
        self.loop.turns.interrupt()

    def evaluate(self) -> Mapping[str, float]:
        """Return the metrics that the loop has reported for this boundary; see `has_reported`."""
        logged = self.loop.logged
        return {info.name: logged[info.name] for info in self.metrics if info.name in logged}

    @property
    def has_reported(self) -> bool:
        """Whether the loop has reported metrics since the boundary before this one."""
        return bool(self.loop.logged)

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Refuse: see the capability."""
        del command
        raise RefusedError(_REASONS[Capability.PREVIEW])

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Refuse: see the capability."""
        raise RefusedError(_REASONS[Capability.DEAD_UNITS])

    def inspect_network(self) -> NetworkView:
        """Refuse: see the capability."""
        raise RefusedError(_REASONS[Capability.NETWORK_TREE])

    def inspect_batch(self, request: InspectBatch) -> BatchView:
        """Refuse: see the capability."""
        del request
        raise RefusedError(_REASONS[Capability.CONFUSION])

    def rehearsal(self) -> TorchScriptEngine:
        """Refuse: a script's loop cannot be rehearsed.

        Raises
        ------
        RefusedError : always
        """
        raise RefusedError("the commands of a script's run are checked at their steps only")

    def _capture_random(self) -> Mapping[str, Any]:
        captured = dict(self._random.capture())
        if self._batches is not None:
            captured["loader"] = self._batches.capture(self.step)
        captured["objects"] = self._objects.capture()
        captured["settings"] = self._script_groups.capture_settings()
        return captured

    def _restore_random(self, saved: Mapping[str, Any], step: int) -> None:
        self._random.restore(saved)
        if self._batches is not None:
            self._batches.restore(saved.get("loader", {}), step)
        self._objects.restore(saved.get("objects", {}))
        self._script_groups.restore_settings(saved.get("settings", []))

    def _jump(self, step: int) -> None:
        self.loop.jump(step)


def _capabilities(can_repeat: bool) -> Capabilities:
    """Return what a script's engine offers, with batches of any step or without."""
    offered = frozenset((Capability.REWIND, Capability.LR_SWEEP) if can_repeat else ())
    return Capabilities(offered, {k: v for k, v in _REASONS.items() if k not in offered})
