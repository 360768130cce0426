"""MultipleOptimizer: several optimizers that step as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from ..errors import CoreError, StateError
from ..tensor import Parameter
from .groups import Group
from .optimizer import Optimizer
from .update_call import UpdateStatistics


class MultipleOptimizer:
    """Several optimizers, for different parameters, used as one. Iterating gives them in order.

    Parameters
    ----------
    opts : one optimizer or more; no parameter is in two of them

    Attributes
    ----------
    opts : tuple of Optimizer

    Example
    -------
    ::

        opt = MultipleOptimizer(SGD(convolutions, lr=0.05), Adam(linears, lr=0.01))
        opt.step().clear_grad()

    Raises
    ------
    CoreError : there is no optimizer, a value is not an optimizer, or two have the same parameter
    """

    def __init__(self, *opts: Optimizer) -> None:
        self.opts = opts
        if not opts:
            raise CoreError("MultipleOptimizer needs at least one optimizer, but was given none")
        for opt in opts:
            if not isinstance(opt, Optimizer):
                raise CoreError(f"expected an optimizer, but was given {type(opt).__name__}")
        self._check_disjoint()

    def __iter__(self) -> Iterator[Optimizer]:
        return iter(self.opts)

    @property
    def param_groups(self) -> list[Group]:
        """The groups of all optimizers, in order; they may be edited."""
        return [group for opt in self.opts for group in opt.param_groups]

    @property
    def statistics(self) -> dict[Parameter, UpdateStatistics]:
        """Statistics of the last step, by parameter."""
        return {param: row for opt in self.opts for param, row in opt.statistics.items()}

    def parameters(self) -> list[Parameter]:
        """Return the parameters of all optimizers, in order."""
        return [param for opt in self.opts for param in opt.parameters()]

    def step(self) -> Self:
        """Step every optimizer, in order; returns this object.

        Raises
        ------
        CoreError : a hyper-parameter is not allowed, or two optimizers have the same parameter;
            nothing was written
        ShapeError : a gradient does not fit; nothing was written
        """
        self._check_disjoint()
        for opt in self.opts:
            opt.check()
        for opt in self.opts:
            opt.step()
        return self

    def clear_grad(self) -> Self:
        """Set all gradients to None; returns this object."""
        for opt in self.opts:
            opt.clear_grad()
        return self

    def state_dict(self) -> dict[str, Any]:
        """Return ``{'opts': [...]}``, the state dictionary of each optimizer."""
        return {"opts": [opt.state_dict() for opt in self.opts]}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Load a state that `state_dict` returned.

        Raises
        ------
        StateError : something does not fit; nothing was changed
        """
        states = values.get("opts") if isinstance(values, dict) else None
        if not isinstance(states, list) or len(states) != len(self.opts):
            raise StateError(f"expected the states of {len(self.opts)} optimizers under 'opts'")
        problems = []
        for index, (opt, state) in enumerate(zip(self.opts, states, strict=True)):
            problems += [f"optimizer {index}: {text}" for text in opt.validate_state(state)]
        if problems:
            raise StateError("this state does not fit: " + "; ".join(problems))
        for opt, state in zip(self.opts, states, strict=True):
            opt.load_state_dict(state)

    def _check_disjoint(self) -> None:
        params = self.parameters()
        if len({id(param) for param in params}) != len(params):
            raise CoreError("a parameter is in two optimizers; it belongs in exactly one")
