"""A network of the core whose parameters are in groups: what its engines have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping

from tuitrain.commands import Clip, to_text
from tuitrain_core.digest import digest_arrays, digest_by_name

from ..grouping.command_handler import CommandHandler
from ..grouping.description import describe_group, describe_parameter
from ..grouping.freezing import FrozenParameters
from ..networks.structure import Structure
from ..state import Array, EngineState, read_only
from ..steerable import CommandResult
from ..views import GroupView, OptimizerChoice, ParameterView
from .buffer_owners import BufferOwners
from .model import SeededModel
from .optimizers import CoreArrays, CoreTable, optimizer_choices
from .state_io import capture_state, restore_state


class GroupedNetwork(ABC):
    """The base of engines that steer a network's groups; they say how its steps are taken.

    Parameters
    ----------
    model : the network, with the parameters that are in groups
    table : the groups
    trace : returns the network's structure
    steps_per_epoch : the length of an epoch, for schedules
    arrays : the values and gradients of its parameters; default: those of the model

    Attributes
    ----------
    model : the network
    """

    def __init__(
        self,
        model: SeededModel,
        table: CoreTable,
        trace: Callable[[], Structure],
        steps_per_epoch: int,
        arrays: CoreArrays | None = None,
    ) -> None:
        self.model = model
        self._table = table
        self._parameters = model.parameters
        self._arrays = arrays or CoreArrays(model.parameters)
        self._frozen = FrozenParameters(self._arrays, model.buffers)
        self._owners = BufferOwners(model.module, trace)
        self._commands = CommandHandler(table, self._frozen, steps_per_epoch)

    @property
    @abstractmethod
    def step(self) -> int:
        """Steps taken."""

    @property
    @abstractmethod
    def clip(self) -> Clip:
        """How gradients are clipped."""

    @abstractmethod
    def _clip_by(self, command: Clip) -> None:
        """Clip the gradients of the coming steps."""

    @abstractmethod
    def _jump(self, step: int) -> None:
        """Continue at a step."""

    @abstractmethod
    def _follow_freezes(self) -> None:
        """Take the coming steps with the parameters that are now frozen."""

    def groups(self) -> tuple[GroupView, ...]:
        """Describe the groups, in order."""
        self._frozen.verify()
        return tuple(
            describe_group(group, self._table, self._arrays, self._frozen, self.step)
            for group in self._table
        )

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        return self._table.group_of(parameter).name

    def optimizer_choices(self) -> tuple[OptimizerChoice, ...]:
        """List the optimizers that a group can be given."""
        return optimizer_choices()

    def held_modules(self, frozen: Collection[str]) -> Mapping[str, bool]:
        """Return which modules keep the bytes of their buffers; see `Steerable.held_modules`."""
        return self._owners.held_modules(frozen)

    def parameters(self) -> Mapping[str, Array]:
        """Return every parameter in a group by name, read-only and live."""
        return {name: read_only(item.memory()) for name, item in self._parameters.items()}

    def gradient(self, parameter: str) -> Array | None:
        """Return the gradient of the last step, or None where none was computed."""
        gradient = self._arrays.gradient(parameter)
        return None if gradient is None else read_only(gradient)

    def inspect_parameter(self, parameter: str) -> ParameterView | None:
        """Describe one parameter in full; None if no parameter has that name."""
        name = self._table.canonical_name(parameter)
        if name not in self._parameters:
            return None
        return describe_parameter(
            name,
            self._arrays,
            self.group_of(name),
            self._table.aliases[name],
            self._frozen.since(name),
            self.step,
        )

    def source_modules(self) -> Iterator[str]:
        """Yield the names of the Python modules that define the network and its layers."""
        for module in self.model.module.modules():
            yield from (base.__module__ for base in type(module).__mro__ if base is not object)

    def digest(self) -> str:
        """Return the SHA-256 of parameters, buffers and optimizer state."""
        return digest_arrays(
            self.parameters(), self.model.buffers(), self._table.optimizer_states()
        )

    def digests(self) -> Mapping[str, str]:
        """Return short digests by name: each parameter with its optimizer state, each buffer."""
        return digest_by_name(
            self.parameters(), self.model.buffers(), self._table.optimizer_states()
        )

    def state(self) -> EngineState:
        """Return a copy of the state; it decides all coming steps whose batches are known."""
        return capture_state(self.step, self.model, self._table, self._frozen, self.clip)

    def load_state(self, state: EngineState) -> None:
        """Continue from a state; see `Stateful.load_state`."""
        restore_state(state, self.model, self._table, self._frozen)
        self._clip_by(state.clip_command)
        self._jump(state.step)
        self._follow_freezes()

    def _set_clip(self, command: Clip) -> CommandResult:
        if command == self.clip:
            return CommandResult(False, f"already set: {to_text(command)}")
        self._clip_by(command)
        if command.by == "off":
            return CommandResult(True, "gradients are no longer clipped")
        return CommandResult(True, f"gradients are clipped by {command.by}, {command.limit:g}")
