# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The engine of a script's loop in PyTorch: the loop is the user's, and the updates are steered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch

from tuitrain.commands import AnyCommand, Thaw
from tuitrain.errors import RefusedError, StateMismatchError
from tuitrain.metric_info import MetricInfo

from ...batch_view import InspectBatch, StepBatchView
from ...capabilities import Capability
from ...grouping.description import known_names
from ...inspection import NetworkView
from ...loops.loop_engine import LoopEngine, loop_capabilities
from ...state import EngineState
from ...steerable import CommandResult
from ...targets import KnownNames
from ...views import RankView
from ..buffers import MutableState
from ..engine import TorchEngine
from ..network.inspector import NetworkInspector
from ..rng import ProcessRandom, RandomState
from ..script_freezes import ScriptFreezes
from ..script_groups import ScriptGroups
from .batch_inspector import BatchInspector
from .batches import Batches
from .checks import ScriptChecks
from .forward import NextForward
from .loop import TorchLoop
from .loop_parts import LoopParts
from .objects import StatefulObjects
from .part_store import PartStore
from .state_parts import count_parts

_ALWAYS: Final = (Capability.NETWORK_TREE, Capability.BATCH)


class TorchScriptEngine(LoopEngine[TorchLoop], TorchEngine):
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
    checks : of the script's parts
    on_difference : called with a sentence when the parameters of the ranks differ

    Raises
    ------
    RefusedError : see `ScriptGroups`
    """

    loop_type: type[TorchLoop] = TorchLoop
    """The kind of `loop`."""

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
        with_batches = (Capability.REWIND, Capability.LR_SWEEP)
        self.capabilities = loop_capabilities(
            "for … in run.batches(loader, epochs=N):",
            frozenset((*_ALWAYS, *(with_batches if batches is not None else ()))),
        )
        self._network = NetworkInspector(model, groups.table)
        mutable = MutableState(self._buffers, self._random)
        self.checks = ScriptChecks(model, groups)
        self._freezes = ScriptFreezes(self._parameters, self._frozen, self._pruning)
        self.loop = self.loop_type(
            LoopParts(
                groups=groups,
                arrays=self._arrays,
                buffers=self._buffers,
                pruning=self._pruning,
                freezes=self._freezes,
                mutable=mutable,
                batches=batches,
                next_forward=NextForward(model),
                checks=self.checks,
                scaler=(objects or {}).get("scaler"),
            )
        )
        self._batch = BatchInspector(model, batches, lambda: self.loop.step)
        self._updates = self.loop.updates_of
        self.loop.on_uninstall = self._end_inspection
        self._left: Any = None
        self.on_difference: Callable[[str], None] = lambda _: None

    @property
    def optimizers(self) -> Sequence[torch.optim.Optimizer]:
        """The optimizers of the script."""
        return self._script_groups.optimizers

    def known_names(self) -> KnownNames:
        """Return the names of groups, parameters and optimizers."""
        return known_names(self._table, self.optimizer_choices())

    def digests(self) -> Mapping[str, str]:
        """Return digests by name; see `Stateful.digests`. A loop that was cut off has none."""
        return {} if self.loop.is_cut else super().digests()

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups; see `Steerable.apply`."""
        before = self._frozen.untrained()
        if isinstance(command, Thaw):
            targets = self._table.resolve_parameters(command.target)
            self.checks.check_thaw([name for name in targets if name in before])
        result = super().apply(command)
        self._freezes.thaw(before - self._frozen.untrained())
        self._freezes.forget()
        return result

    def leave_epoch(self) -> None:
        """Note that the run goes to another epoch before the present one has ended."""
        self._left = TorchEngine.state(self)  # every rank leaves it by itself

    def reload(self) -> None:
        """Restore the state as it was when an epoch was left: what followed does not count."""
        if self._left is not None:
            left, self._left = self._left, None
            TorchEngine.load_state(self, left)

    def inspect_network(self) -> NetworkView:
        """Describe the network, and where its gradient flows; see `Inspectable.inspect_network`.

        The next forward pass of the loop is traced, if none was. Before that the modules are in the
        order of their definition, and the view says so.
        """
        self._network.trace_next()
        return self.outline_network()

    def outline_network(self) -> NetworkView:
        """Describe the network as far as it is known; no pass is traced for that."""
        held = self._buffers.held_modules(self._frozen.frozen_since())
        return self._network.view(self.step, self._frozen.untrained(), held)

    def inspect_batch(self, request: InspectBatch) -> StepBatchView:
        """Describe the batch of the last step, or of the one under way; see `BatchInspector`.

        Raises
        ------
        RefusedError : no batch was seen yet, or none can be seen
        """
        return self._batch.view(request, self.step)

    def _end_inspection(self) -> None:
        self._network.cancel()
        self._batch.cancel()

    def rehearsal(self) -> TorchScriptEngine:
        """Refuse: a script's loop cannot be rehearsed.

        Raises
        ------
        RefusedError : always
        """
        raise RefusedError("the commands of a script's run are checked at their steps only")

    def ranks(self) -> Sequence[RankView]:
        """Return the views of the ranks of a distributed training; here there are none."""
        return ()

    @property
    def is_sharded(self) -> bool:
        """Whether other processes have parts of the parameters; here none has."""
        return False

    def use_part_store(self, store: PartStore, folder: Path) -> None:
        """Note where the ranks save their parts of a state; here there are none."""

    def write_parts(self, name: str, state: EngineState) -> EngineState:
        """Save the parts of the other ranks beside a checkpoint; return a state that names them."""
        del name
        return state

    def settle_parts(self, is_saved: bool) -> None:
        """Remove the parts that belong to no checkpoint; here there are none."""

    def load_state(self, state: EngineState) -> None:
        """Continue from a state; see `Stateful.load_state`."""
        if (ranks := count_parts(state)) and not self.is_sharded:
            raise StateMismatchError(
                f"the state is of {ranks} processes that have a part of the parameters each "
                "(fully_shard), and here the parameters are whole"
            )
        super().load_state(self._freezes.upgrade(state))

    def leave(self) -> None:
        """Part from the other ranks after the loop's end; here there are none."""

    def stop_ranks(self) -> None:
        """Stop the loops of the other ranks before the first step; here there are none."""

    def capture_random(self) -> Mapping[str, Any]:
        """Return what a state has besides groups, parameters and buffers, as plain values."""
        captured = dict(self._random.capture())
        if self._batches is not None:
            captured["loader"] = self._batches.capture(self.step)
        captured["objects"] = self._objects.capture()
        captured["settings"] = self._script_groups.capture_settings()
        captured.update(self._freezes.capture())
        return captured

    def _capture_random(self) -> Mapping[str, Any]:
        return self.capture_random()

    def _restore_random(self, saved: Mapping[str, Any], step: int) -> None:
        self._random.restore(saved)
        if self._batches is not None:
            self._batches.restore(saved.get("loader", {}), step)
        self._objects.restore(saved.get("objects", {}))
        self._script_groups.restore_settings(saved.get("settings", []))
        self._freezes.restore(saved)

    def _jump(self, step: int) -> None:
        self._batch.forget()
        self.loop.jump(step)
