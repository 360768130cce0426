"""MegEngine's schedulers: they set an optimizer's learning rates once an epoch.

`schedule` has learning rates as functions of the step, for the application and for recorded steps.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import CoreError, StateError, UnknownTypeError
from ..ops.checks import is_whole
from .multiple import MultipleOptimizer
from .optimizer import Optimizer


class LRScheduler:
    """Base class of schedulers; a subclass has `get_lr`.

    Parameters
    ----------
    optimizer : whose learning rates are set; each group keeps its first one as ``initial_lr``
    current_epoch : the last epoch that was taken; -1 before the first

    Attributes
    ----------
    base_lrs : list of the groups' first learning rates
    current_epoch : number of calls of `step`, or the epoch given to it

    Raises
    ------
    UnknownTypeError : it is not an optimizer
    CoreError : ``current_epoch`` is not -1, and a group has no ``initial_lr``
    """

    def __init__(self, optimizer: Optimizer | MultipleOptimizer, current_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer | MultipleOptimizer):
            raise UnknownTypeError(
                f"a scheduler takes an optimizer, but was given {type(optimizer).__name__}"
            )
        self.optimizer = optimizer
        self.current_epoch = current_epoch
        for index, group in enumerate(optimizer.param_groups):
            if current_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise CoreError(f"group {index} has no 'initial_lr' to continue from")
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.step()

    def get_lr(self) -> list[float]:
        """Return the learning rate of each group in epoch ``current_epoch``."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr")

    def step(self, epoch: int | None = None) -> None:
        """Set the learning rates of the next epoch, or of the epoch that is given."""
        self.current_epoch = self.current_epoch + 1 if epoch is None else epoch
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr

    def state_dict(self) -> dict[str, Any]:
        """Return the scheduler's own attributes by name."""
        hidden = ("optimizer", "base_lrs")
        return {name: value for name, value in vars(self).items() if name not in hidden}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Set the attributes that `state_dict` returned.

        Raises
        ------
        StateError : a name is missing or unknown; nothing was changed
        """
        if set(state_dict) != set(self.state_dict()):
            raise StateError(
                f"the state of a {type(self).__name__} has {sorted(self.state_dict())}, but was "
                f"given {sorted(state_dict)}"
            )
        vars(self).update(state_dict)


class MultiStepLR(LRScheduler):
    """Multiplies the learning rates by ``gamma`` at each milestone.

    Parameters
    ----------
    optimizer : whose learning rates are set
    milestones : epochs, in ascending order
    gamma : factor
    current_epoch : see `LRScheduler`

    Raises
    ------
    CoreError : the milestones are not whole numbers in ascending order
    """

    def __init__(
        self,
        optimizer: Optimizer | MultipleOptimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        current_epoch: int = -1,
    ) -> None:
        self.milestones = list(milestones)
        ordered = all(map(is_whole, self.milestones)) and self.milestones == sorted(self.milestones)
        if not ordered:
            raise CoreError(
                f"milestones are whole numbers in ascending order, not {self.milestones}"
            )
        self.gamma = gamma
        super().__init__(optimizer, current_epoch)

    def get_lr(self) -> list[float]:
        """Return the learning rate of each group in epoch ``current_epoch``."""
        factor = self.gamma ** bisect_right(self.milestones, self.current_epoch)
        return [base * factor for base in self.base_lrs]
