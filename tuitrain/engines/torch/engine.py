# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The work of every engine for PyTorch between steps: commands, views, states."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch

from tuitrain.commands import (
    AnyCommand,
    Clip,
    Freeze,
    to_text,
)
from tuitrain_core.digest import digest_arrays, digest_by_name

from ..grouping.command_handler import CommandHandler
from ..grouping.description import describe_group
from ..grouping.freezing import FrozenParameters
from ..grouping.groups import Group
from ..grouping.state_check import validate_state
from ..state import Array, EngineState, OptimizerState, read_only
from ..steerable import CommandResult
from ..views import GroupView, OptimizerChoice, ParameterView
from .arrays import TorchArrays, copy_into, to_array, to_tensor
from .buffers import HeldBuffers
from .compiled import reshard
from .model_groups import ModelGroups
from .optimizers import TorchOptimizer
from .pruning import Pruning
from .rng import RandomState
from .script_groups import ScriptGroups
from .statistics import is_sampled
from .tensor_statistics import describe_tensor
from .updates import Updates


class TorchEngine:
    """The roles of an engine that do not depend on who has the loop; see `Engine`.

    Parameters
    ----------
    model : the network
    groups : its groups
    random : the generators that its steps draw from
    steps_per_epoch : the length of an epoch, for schedules
    """

    fallback_reason = ""
    frozen_cache = None
    _updates: Updates

    def __init__(
        self,
        model: torch.nn.Module,
        groups: ScriptGroups | ModelGroups,
        random: RandomState,
        steps_per_epoch: int,
    ) -> None:
        self.model = model
        self.steps_per_epoch = steps_per_epoch
        self._groups, self._random = groups, random
        self._table, self._parameters = groups.table, groups.parameters
        self._arrays = TorchArrays(self._parameters)
        names = {id(item): name for name, item in self._parameters.items()}
        self._buffers = HeldBuffers(model, names)
        self._pruning = Pruning(model, self._parameters, groups.optimizers)
        self._frozen = FrozenParameters(self._arrays, self._buffers.arrays)
        self._commands = CommandHandler(self._table, self._frozen, steps_per_epoch)

    @property
    def step(self) -> int:
        """Steps taken."""
        raise NotImplementedError

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups; see `Steerable.apply`."""
        if isinstance(command, Clip):
            return self._set_clip(command)
        self._groups.follow_script()
        result = self._groups.owners.apply(command, self.step, self._commands)
        self._groups.settle()
        self._follow_freezes()
        return result

    def groups(self) -> tuple[GroupView, ...]:
        """Describe the groups, in order."""
        self._frozen.verify()
        views = (
            describe_group(group, self._table, self._arrays, self._frozen, self.step)
            for group in self._table
        )
        shown = map(self._groups.owners.describe, views)
        if is_sampled(self._parameters.values()):
            return tuple(replace(view, is_sampled=True) for view in shown)
        return tuple(shown)

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        return self._table.group_of(parameter).name

    def optimizer_choices(self) -> tuple[OptimizerChoice, ...]:
        """List the optimizers that a group can be given."""
        return self._table.rules.choices()

    def held_modules(self, frozen: Collection[str]) -> Mapping[str, bool]:
        """Return which modules keep the bytes of their buffers; see `Steerable.held_modules`."""
        return self._buffers.held_modules(frozen)

    def parameters(self) -> Mapping[str, Array]:
        """Return every parameter by name, read-only: live on the CPU, copies elsewhere."""
        return {name: read_only(to_array(item)) for name, item in self._parameters.items()}

    def gradient(self, parameter: str) -> Array | None:
        """Return the last gradient computed, or None."""
        grad = self._arrays.gradient_tensor(parameter)
        return None if grad is None else read_only(to_array(grad))

    def inspect_parameter(self, parameter: str) -> ParameterView | None:
        """Describe one parameter in full; None if no parameter has that name."""
        name = self._table.canonical_name(parameter)
        if name not in self._parameters:
            return None
        gradient = self._arrays.gradient_tensor(name)
        return ParameterView(
            name=name,
            shape=self._arrays.shape(name),
            group=self.group_of(name),
            step=self.step,
            frozen_since=self._frozen.since(name),
            value=describe_tensor(self._parameters[name]),
            grad=None if gradient is None else describe_tensor(gradient),
            aliases=self._table.aliases[name],
        )

    def source_modules(self) -> Iterator[str]:
        """Yield the names of the Python modules that define the network and its layers."""
        for module in self.model.modules():
            yield from (base.__module__ for base in type(module).__mro__ if base is not object)

    def digest(self) -> str:
        """Return the SHA-256 of parameters, buffers and optimizer state."""
        states = self._table.optimizer_states()
        return digest_arrays(self.parameters(), self._buffers.arrays(), states)

    def digests(self) -> Mapping[str, str]:
        """Return short digests by name: each parameter with its optimizer state, each buffer."""
        states = self._table.optimizer_states()
        return digest_by_name(self.parameters(), self._buffers.arrays(), states)

    def state(self) -> EngineState:
        """Return a copy of the state."""
        self._groups.follow_script()
        return EngineState(
            step=self.step,
            parameters={name: array.copy() for name, array in self.parameters().items()},
            buffers={name: array.copy() for name, array in self._buffers.arrays().items()},
            optimizers={
                name: OptimizerState(
                    state.step, {slot: array.copy() for slot, array in state.slots.items()}
                )
                for name, state in self._table.optimizer_states().items()
            },
            frozen=self._frozen.frozen_since(),
            groups=self._groups.owners.mark(map(self._table.to_record, self._table)),
            random=self._capture_random(),
            clip=(self._updates.clip.by, self._updates.clip.limit),
        )

    def check_state(self, state: EngineState) -> None:
        """Check that a state can be loaded.

        Raises
        ------
        StateMismatchError : it does not fit this model
        """
        self._groups_of(state)

    def _groups_of(self, state: EngineState) -> list[Group[TorchOptimizer]]:
        """Return the groups of a state that fits this model."""
        return validate_state(state, self._table, self.parameters(), self._buffers.arrays())

    def load_state(self, state: EngineState) -> None:
        """Continue from a state; see `Stateful.load_state`."""
        groups = self._groups_of(state)
        self._restore_random(state.random, state.step)
        reshard(self.model)
        for name, parameter in self._parameters.items():
            copy_into(parameter, state.parameters[name])
            parameter.grad = None
        for name, buffer in self._buffers.live().items():
            copy_into(buffer, state.buffers[name])
        self._groups.owners.restore(state.groups)
        self._table.reset(groups)
        self._groups.settle()
        self._load_optimizers(state)
        self._updates.clip = state.clip_command
        self._jump(state.step)
        self._buffers.forget()
        self._frozen.reset(state.frozen)
        for name, gradient in state.gradients.items():
            parameter = self._parameters[name]
            copied = to_tensor(gradient, parameter).to(parameter.device)
            parameter.grad = copied.reshape(parameter.shape)
        self._follow_freezes()

    def _load_optimizers(self, state: EngineState) -> None:
        for name, parameter in self._parameters.items():
            optimizer = self._table.group_of(name).optimizer
            remembered = state.optimizers.get(name)
            if remembered is None:
                optimizer.reset(parameter)
            else:
                optimizer.load(parameter, remembered.updates, remembered.slots)

    def _capture_random(self) -> Mapping[str, Any]:
        return self._random.capture()

    def _restore_random(self, saved: Mapping[str, Any], step: int) -> None:
        del step
        self._random.restore(saved)

    def _jump(self, step: int) -> None:
        """Continue from another step."""
        raise NotImplementedError

    def _freeze_at_start(self, names: Collection[str]) -> None:
        for name in names:
            self._commands.apply(Freeze(name), 0)
        self._follow_freezes()

    def _follow_freezes(self) -> None:
        """Hold the buffers of frozen parameters, and compute no gradients for them."""
        frozen = self._frozen.frozen_since()
        self._updates.frozen = frozenset(frozen)
        self._buffers.follow(frozen)
        self._frozen.hold_buffers(self._buffers.held_buffers(frozen))
        self._pruning.follow(frozen)

    def _set_clip(self, command: Clip) -> CommandResult:
        if command == self._updates.clip:
            return CommandResult(False, f"already set: {to_text(command)}")
        self._updates.clip = command
        if command.by == "off":
            return CommandResult(True, "gradients are no longer clipped")
        return CommandResult(True, f"gradients are clipped by {command.by}, {command.limit:g}")
