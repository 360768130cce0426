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
    """Optimizers for different parameters, behind the face of one. Iterating gives them in order.

    Parameters
    ----------
    opts : one optimizer or more, no parameter in two of them

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
    CoreError : no optimizer, something that is none, a parameter in two of them
    """

    def __init__(self, *opts: Optimizer) -> None:
        self.opts = opts
        if not opts:
            raise CoreError("MultipleOptimizer needs at least one optimizer, but was given none")
        for opt in opts:
            if not isinstance(opt, Optimizer):
                raise CoreError(f"expected an optimizer, but was given {type(opt).__name__}")
        self._check_apart()

    def __iter__(self) -> Iterator[Optimizer]:
        return iter(self.opts)

    @property
    def param_groups(self) -> list[Group]:
        """The optimizers' own groups, one after another: an edit of one takes effect."""
        return [group for opt in self.opts for group in opt.param_groups]

    @property
    def statistics(self) -> dict[Parameter, UpdateStatistics]:
        """What the last step did, by parameter."""
        return {param: each for opt in self.opts for param, each in opt.statistics.items()}

    def parameters(self) -> list[Parameter]:
        """Return all parameters, optimizer by optimizer."""
        return [param for opt in self.opts for param in opt.parameters()]

    def step(self) -> Self:
        """Step every optimizer, in order; returns the whole.

        Raises
        ------
        CoreError : a hyper-parameter is not allowed, or a parameter was added to two optimizers
        ShapeError : a gradient does not fit; in every case nothing was written
        """
        self._check_apart()
        for opt in self.opts:
            opt.check()
        for opt in self.opts:
            opt.step()
        return self

    def clear_grad(self) -> Self:
        """Set all gradients to None; returns the whole."""
        for opt in self.opts:
            opt.clear_grad()
        return self

    def state_dict(self) -> dict[str, Any]:
        """Return ``{'opts': [...]}``, the state dictionary of each optimizer."""
        return {"opts": [opt.state_dict() for opt in self.opts]}

    def load_state_dict(self, given: dict[str, Any]) -> None:
        """Load what `state_dict` gave.

        Raises
        ------
        StateError : something does not fit; nothing was changed
        """
        loaded = given.get("opts") if isinstance(given, dict) else None
        if not isinstance(loaded, list) or len(loaded) != len(self.opts):
            raise StateError(f"expected the states of {len(self.opts)} optimizers under 'opts'")
        found = []
        for index, (opt, each) in enumerate(zip(self.opts, loaded, strict=True)):
            found += [f"optimizer {index}: {text}" for text in opt.validate_state(each)]
        if found:
            raise StateError("this state does not fit: " + "; ".join(found))
        for opt, each in zip(self.opts, loaded, strict=True):
            opt.load_state_dict(each)

    def _check_apart(self) -> None:
        params = self.parameters()
        if len({id(param) for param in params}) != len(params):
            raise CoreError("a parameter is in two optimizers; it belongs in exactly one")
