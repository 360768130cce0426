"""What a chart can show: its curves, and how its values are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from tuitrain.run.snapshot import Snapshot

from ..formatting import format_lr, format_number, format_percentage
from ..rows import group_role
from .branch_curves import branch_curves
from .plot import Curve


@dataclass(frozen=True, slots=True)
class Metric:
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
    format: Callable[[float], str]
    empty_text: str = "no step yet"
    supports_log: bool = True
    mean_over: int = 0
    file_name: str = ""
    run_field: str = ""
    group_field: str = ""

    @property
    def file_stem(self) -> str:
        """The name, as a part of a file's."""
        return self.file_name or self.name


def _of_groups(
    name: str, what: Literal["lr", "grad_norm", "update_ratio"], *given: Any, **more: Any
) -> Metric:
    """Return a quantity that every group has."""

    def curves(snapshot: Snapshot) -> list[Curve]:
        places = {group.name: index for index, group in enumerate(snapshot.groups)}
        return [
            Curve(getattr(each, what), group_role(places[each.name]), name=each.name)
            for each in snapshot.histories
            if each.name in places
        ]

    return Metric(name, curves, *given, **more, group_field=what)


LOSS: Final = Metric(
    "loss",
    lambda shown: [Curve(shown.loss, "curve", "band"), *branch_curves(shown.branches, "loss")],
    lambda value: f"{value:.4g}",
    mean_over=50,
    run_field="loss",
)
ACCURACY: Final = Metric(
    "accuracy",
    lambda shown: [Curve(shown.accuracy, "curve-2"), *branch_curves(shown.branches, "accuracy")],
    format_percentage,
    "measured at the end of each epoch",
    supports_log=False,
    run_field="accuracy",
)
LR: Final = _of_groups("lr", "lr", format_lr)
GRADIENT: Final = _of_groups("|grad|", "grad_norm", format_number, mean_over=10, file_name="grad")
UPDATE: Final = _of_groups(
    "|Δw|/|w|", "update_ratio", format_number, mean_over=10, file_name="update"
)

METRICS: Final = (LOSS, LR, GRADIENT, UPDATE, ACCURACY)
"""In the order in which a key goes through them."""


def companion_metrics(first: Metric) -> tuple[Metric, ...]:
    """Return what the other charts show beside the first: nothing twice."""
    return tuple(LOSS if each is first else each for each in (ACCURACY, LR, GRADIENT))
