"""What the groups need to know of an engine's parameters and of its optimizers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from tuitrain.commands import Setting
from tuitrain_core.optimizer import ParameterState, UpdateStatistics

from ..state import Array
from ..views import OptimizerChoice

Policy: TypeAlias = Literal["carry", "reset"]
"""How a swap treats the optimizer's state."""


class GroupOptimizer(Protocol):
    """The optimizer of one group: one rule, one set of hyper-parameters."""

    @property
    def lr(self) -> float:
        """The learning rate."""
        ...

    @lr.setter
    def lr(self, value: float) -> None: ...


Param = TypeVar("Param")
Opt = TypeVar("Opt", bound=GroupOptimizer)
ParamT = TypeVar("ParamT", contravariant=True)  # noqa: PLC0105
OptT = TypeVar("OptT", bound=GroupOptimizer)


class OptimizerRules(Protocol[ParamT, OptT]):
    """The update rules of an engine, and their optimizers."""

    @property
    def names(self) -> Collection[str]:
        """The names of the rules that a group can be given."""
        ...

    def make(
        self, rule: str, parameters: Iterable[ParamT], settings: Mapping[str, Setting]
    ) -> OptT:
        """Make an optimizer without state.

        Raises
        ------
        RefusedError : the name or a setting is unknown, or a value out of range
        """
        ...

    def check_slots(self, rule: str, slots: Mapping[str, Array], parameter: Array) -> Iterable[str]:
        """Yield what is wrong with a parameter's state, as ``exp_avg is missing``."""
        ...

    def settings(self, optimizer: OptT) -> dict[str, Setting]:
        """Return the optimizer's hyper-parameters besides lr."""
        ...

    def settings_text(self, optimizer: OptT) -> str:
        """Return the settings that differ from the defaults, as ``momentum=0.9``."""
        ...

    def defaults(self, rule: str) -> Mapping[str, Any]:
        """Return the defaults of a rule's hyper-parameters."""
        ...

    def choices(self) -> tuple[OptimizerChoice, ...]:
        """List the rules with their settings' defaults as text."""
        ...

    def default_policy(self, old: str, new: str) -> Policy:
        """Return what a swap does with the state where the command does not say."""
        ...

    def transfer(self, old: OptT, new: OptT, parameters: Sequence[ParamT]) -> None:
        """Copy the state of parameters to another optimizer, converted where needed."""
        ...

    def reset(self, optimizer: OptT, parameter: ParamT) -> None:
        """Drop the state of a parameter."""
        ...

    def state_of(self, optimizer: OptT, parameter: ParamT) -> ParameterState | None:
        """Return the state of a parameter, as live memory; None if it was never updated."""
        ...

    def sizes_of(self, optimizer: OptT, parameter: ParamT) -> UpdateStatistics | None:
        """Return what the last measured update of a parameter did; None if there was none."""
        ...


def check_shaped_slots(
    rule: str, expected: Mapping[str, bool], slots: Mapping[str, Array], parameter: Array
) -> Iterable[str]:
    """Yield the problems of a state whose arrays have the parameter's shape and dtype.

    Parameters
    ----------
    expected : the arrays that the rule keeps; True for those that are always there
    """
    for slot, is_required in expected.items():
        if is_required and slot not in slots:
            yield f"{slot} is missing"
    for slot, array in slots.items():
        if slot not in expected:
            yield f"{slot} is unknown to {rule}"
        elif (array.shape, array.dtype) != (parameter.shape, parameter.dtype):
            yield (
                f"{slot} is {array.dtype} {array.shape}, "
                f"expected {parameter.dtype} {parameter.shape}"
            )


class ParameterArrays(Protocol):
    """The parameters of a model as arrays, by name."""

    @property
    def names(self) -> Collection[str]:
        """The first names of the parameters, in the model's order."""
        ...

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a parameter."""
        ...

    def value(self, name: str) -> Array:
        """Return the values of a parameter: live memory, or a copy."""
        ...

    def gradient(self, name: str) -> Array | None:
        """Return the gradient of a parameter, or None."""
        ...

    def drop_gradient(self, name: str) -> None:
        """Drop the gradient of a parameter."""
        ...
