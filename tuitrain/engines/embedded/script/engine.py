"""The engine of a script: the loop is the user's, and the updates are steered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tuitrain.commands import AnyCommand, Clip
from tuitrain.errors import RefusedError
from tuitrain.metric_info import MetricInfo
from tuitrain_core import random, threads
from tuitrain_core.data import DataLoader
from tuitrain_core.module import Module

from ...batch_view import InspectBatch, StepBatchView
from ...capabilities import Capability
from ...grouping.description import known_names
from ...inspection import NetworkView
from ...loops.array_reader import ArrayReader
from ...loops.batch_entries import describe_batch
from ...loops.loop_engine import LoopEngine, loop_capabilities
from ...networks.structure import Structure
from ...state import EngineState
from ...steerable import CommandResult
from ...targets import KnownNames
from ...views import GroupView
from ..grouped_network import GroupedNetwork
from ..model import SeededModel
from ..network_inspector import NetworkInspector
from .arrays import ScriptArrays
from .groups import ScriptGroups
from .loop import ScriptLoop

_WITH_LOADER: Final = (
    Capability.REWIND,
    Capability.LR_SWEEP,
    Capability.NETWORK_TREE,
    Capability.BATCH,
)
_NO_NETWORK_TREE = "without run.batches the input of the network is not known"


class ScriptEngine(LoopEngine[ScriptLoop], GroupedNetwork):
    """Steers the updates of a loop that runs in another thread; see `Engine`.

    The session calls this side; `ScriptLoop` is the other.

    Parameters
    ----------
    net : the network
    optimizer : an optimizer of the core, or an object whose ``opts`` are such
    steps_per_epoch : the length of an epoch, for schedules
    metrics : what the script reports with `log`
    loader : gives the batch of any step; None if the loop fetches its own
    on_first_step : called by the loop before its first boundary

    Attributes
    ----------
    loop : the loop's side, for the loop alone

    Raises
    ------
    RefusedError : see `ScriptGroups`
    """

    fallback_reason = "the loop of a script runs operation by operation"
    frozen_cache = None

    def __init__(
        self,
        net: Module,
        optimizer: Any,
        steps_per_epoch: int,
        metrics: Sequence[MetricInfo],
        loader: DataLoader | None = None,
        on_first_step: Callable[[], None] = lambda: None,
    ) -> None:
        threads.limit_blas_threads()
        self.steps_per_epoch = steps_per_epoch
        self.metrics = tuple(metrics)
        self.batch_size = loader.batch_size if loader else 1
        self.samples_per_epoch = len(loader.dataset) if loader else steps_per_epoch
        self._loader = loader
        self.capabilities = loop_capabilities(
            "for … in run.batches(loader):",
            frozenset(_WITH_LOADER if loader is not None else ()),
            _NO_NETWORK_TREE,
        )
        self._groups = ScriptGroups(net, optimizer)
        table = self._groups.table
        model = SeededModel(lambda: net, 0)
        model.generator = random.generator()
        model.parameters = self._groups.parameters
        self._inspector = None if loader is None else NetworkInspector(model, loader, table)
        arrays = ScriptArrays(model.parameters)
        super().__init__(model, table, self._structure, steps_per_epoch, arrays)
        self.loop = ScriptLoop(self._groups, model, arrays, self._frozen, loader, on_first_step)

    @property
    def clip(self) -> Clip:
        """How gradients are clipped."""
        return self.loop.clip

    def known_names(self) -> KnownNames:
        """Return the names of groups, parameters and optimizers."""
        return known_names(self._table, self.optimizer_choices())

    def digests(self) -> Mapping[str, str]:
        """Return digests by name; see `Stateful.digests`. A loop that was cut off has none."""
        return {} if self.loop.is_cut else super().digests()

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups; see `Steerable.apply`."""
        if isinstance(command, Clip):
            return self._set_clip(command)
        self._groups.follow_script()
        result = self._groups.owners.apply(command, self.step, self._commands)
        self._follow_freezes()
        return result

    def groups(self) -> tuple[GroupView, ...]:
        """Describe the groups, in order."""
        return tuple(map(self._groups.owners.describe, super().groups()))

    def state(self) -> EngineState:
        """Return a copy of the state; see `Stateful.state`."""
        state = super().state()
        return replace(state, groups=self._groups.owners.mark(state.groups))

    def load_state(self, state: EngineState) -> None:
        """Continue from a state; see `Stateful.load_state`."""
        super().load_state(state)
        self._groups.owners.restore(state.groups)

    def inspect_network(self) -> NetworkView:
        """Describe the network, and where its gradient flows; see `Inspectable`."""
        if self._inspector is None:
            raise RefusedError(self.capabilities.missing(Capability.NETWORK_TREE))
        frozen = self._frozen.frozen_since()
        trained = tuple(name for name in self._parameters if name not in frozen)
        return self._inspector.view(self.step, trained, self._owners.held_modules(frozen))

    def inspect_batch(self, request: InspectBatch) -> StepBatchView:
        """Describe the batch of the last step, before the first that of the first."""
        if self._loader is None:
            raise RefusedError(self.capabilities.missing(Capability.BATCH))
        index = max(0, self.step - 1)
        batch, names = self._loader.batch(index), self._loader.dataset.class_names
        steps = (self.step, index + 1)
        return describe_batch(request, steps, batch, ArrayReader(), class_names=names or ())

    def rehearsal(self) -> ScriptEngine:
        """Refuse: a script's loop cannot be rehearsed.

        Raises
        ------
        RefusedError : always
        """
        raise RefusedError("the commands of a script's run are checked at their steps only")

    def _clip_by(self, command: Clip) -> None:
        self.loop.clip = command

    def _jump(self, step: int) -> None:
        """Continue at a step; the one that the loop computes is dropped."""
        self.loop.jump(step)

    def _structure(self) -> Structure:
        if self._inspector is None:
            raise RefusedError(self.capabilities.missing(Capability.NETWORK_TREE))
        return self._inspector.structure()

    def _follow_freezes(self) -> None:
        """Hold the buffers of frozen parameters, and copy them."""
        frozen = self._frozen.frozen_since()
        self.model.freeze_norm_stats(self._owners, frozen)
        held = self._owners.held_buffers(frozen)
        self._frozen.hold_buffers(held)
        buffers = self.model.buffers()
        copies = self.loop.held_buffers
        self.loop.held_buffers = {
            name: copies[name] if name in copies else buffers[name].copy() for name in held
        }
