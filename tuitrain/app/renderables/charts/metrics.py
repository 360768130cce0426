"""What a chart can show: its curves, and how its values are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from tuitrain.run.snapshot import Snapshot

from ..formatting import percentage, rate, short
from ..rows import group_role
from .branch_curves import ghosts
from .plot import Curve


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that is measured over the steps.

    Attributes
    ----------
    name : as it is written over its chart, and in a file
    curves : its curves in a snapshot, those of the present line first
    written : writes a value
    absent : what to say while there is no value
    positive : whether a logarithmic axis makes sense
    mean_over : how many points a running mean is taken over; 0 where none makes sense
    file_name : the name in a file's, where it differs
    of_run : the name among the curves of a past run; "" for what groups have
    of_group : the name in the course of a group; "" for what the whole network has
    """

    name: str
    curves: Callable[[Snapshot], list[Curve]]
    written: Callable[[float], str]
    absent: str = "no step yet"
    positive: bool = True
    mean_over: int = 0
    file_name: str = ""
    of_run: str = ""
    of_group: str = ""

    @property
    def written_name(self) -> str:
        """The name, as a part of a file's."""
        return self.file_name or self.name


def _of_groups(
    name: str, what: Literal["lr", "grad_norm", "update_ratio"], *given: Any, **more: Any
) -> Quantity:
    """Return a quantity that every group has."""

    def curves(snapshot: Snapshot) -> list[Curve]:
        places = {group.name: index for index, group in enumerate(snapshot.groups)}
        return [
            Curve(getattr(each, what), group_role(places[each.name]), name=each.name)
            for each in snapshot.histories
            if each.name in places
        ]

    return Quantity(name, curves, *given, **more, of_group=what)


LOSS: Final = Quantity(
    "loss",
    lambda shown: [Curve(shown.loss, "curve", "band"), *ghosts(shown.branches, "loss")],
    lambda value: f"{value:.4g}",
    mean_over=50,
    of_run="loss",
)
ACCURACY: Final = Quantity(
    "accuracy",
    lambda shown: [Curve(shown.accuracy, "curve-2"), *ghosts(shown.branches, "accuracy")],
    percentage,
    "measured at the end of each epoch",
    positive=False,
    of_run="accuracy",
)
LR: Final = _of_groups("lr", "lr", rate)
GRADIENT: Final = _of_groups("|grad|", "grad_norm", short, mean_over=10, file_name="grad")
UPDATE: Final = _of_groups("|Δw|/|w|", "update_ratio", short, mean_over=10, file_name="update")

QUANTITIES: Final = (LOSS, LR, GRADIENT, UPDATE, ACCURACY)
"""In the order in which a key goes through them."""


def beside(first: Quantity) -> tuple[Quantity, ...]:
    """Return what the other charts show beside the first: nothing twice."""
    return tuple(LOSS if each is first else each for each in (ACCURACY, LR, GRADIENT))
