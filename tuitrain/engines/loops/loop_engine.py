"""The common base of engines of loops: the loop takes the steps, and measures for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from tuitrain.commands import AnyCommand
from tuitrain.errors import RefusedError
from tuitrain.metric_info import MetricInfo

from ..batch_view import InspectBatch, StepBatchView
from ..capabilities import Capabilities, Capability
from ..pending_step import HoldCondition, PendingStep
from ..trainable import WarmUpProgress, ignore_batch, ignore_progress
from ..views import LayerUnits
from .steered_loop import SteeredLoop

_REASONS: Mapping[Capability, str] = {
    Capability.EVALUATION: "a script measures for itself; `run.log(accuracy=…)` reports a metric",
    Capability.PREVIEW: "no preview: the loop of a script computes an update only to apply it",
    Capability.DEAD_UNITS: "the outputs of the layers of a script are not measured",
    Capability.BATCH: "without run.batches the batch of a step is not known",
    Capability.CONFUSION: "the test set of a script is not known",
    Capability.PYTHON_EXPORT: "the script is the program",
}


def loop_capabilities(
    way_back: str, offered: frozenset[Capability], network_tree: str = ""
) -> Capabilities:
    """Return the capabilities of a loop's engine.

    Parameters
    ----------
    way_back : the line of `run.batches` that lets a run go back, as code
    offered : those that the engine has
    network_tree : why the network's tree is not known, if it is not
    """
    no_way_back = (
        "the loop of this script fetches its own batches, so no step can be repeated; "
        f"`{way_back}` lets the run go back"
    )
    reasons = {
        **_REASONS,
        Capability.REWIND: no_way_back,
        Capability.LR_SWEEP: no_way_back,
        Capability.NETWORK_TREE: network_tree,
    }
    return Capabilities(offered, {k: v for k, v in reasons.items() if k not in offered})


L = TypeVar("L", bound=SteeredLoop)


class LoopEngine(Generic[L]):
    """The part of an `Engine` that a loop in another thread gives it.

    Attributes
    ----------
    loop : the loop's side
    metrics : what the script reports with `log`
    capabilities : see `loop_capabilities`
    """

    loop: L
    metrics: tuple[MetricInfo, ...]
    capabilities: Capabilities

    @property
    def step(self) -> int:
        """Steps taken in the run, after whose end a loop may take more."""
        last = self.loop.last_step
        return self.loop.step if last is None else last

    @property
    def has_reported(self) -> bool:
        """Whether the loop has reported metrics since the boundary before this one."""
        return bool(self.loop.logged)

    @property
    def is_steerable(self) -> bool:
        """Whether commands can be applied at the present boundary; see `Steerable`."""
        return self.loop.is_steerable

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

    def evaluate(self, on_batch: Callable[[], None] = ignore_batch) -> Mapping[str, float]:
        """Return the metrics that the loop has reported for this boundary; see `has_reported`."""
        del on_batch
        logged = self.loop.logged
        return {info.name: logged[info.name] for info in self.metrics if info.name in logged}

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Refuse: see the capability."""
        del command
        raise RefusedError(self.capabilities.missing(Capability.PREVIEW))

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Refuse: see the capability."""
        raise RefusedError(self.capabilities.missing(Capability.DEAD_UNITS))

    def inspect_batch(self, request: InspectBatch) -> StepBatchView:
        """Refuse: see the capability."""
        del request
        raise RefusedError(self.capabilities.missing(Capability.BATCH))
