"""The metrics that a chart can show: their curves, and the format of their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from tuitrain.run.snapshot import Snapshot

from ..formatting import format_lr, format_number, format_percentage
from ..rows import group_role
from .branch_curves import branch_curves
from .plot import Curve


@dataclass(frozen=True, slots=True)
class Metric:
    """A value that is measured over the steps.

    Attributes
    ----------
    name : the title of its chart, and its name in files
    curves : returns its curves in a snapshot, those of the present branch first
    format : writes a value
    empty_text : text of a chart without values
    supports_log : whether a logarithmic axis makes sense
    smoothing_window : number of points of a running mean; 0 for no smoothing
    file_name : its part of a file name; "" for ``name``
    run_field : its field in `FinalCurves`; "" for a metric of groups
    group_field : its field in a group's history; "" for a metric of the whole network
    """

    name: str
    curves: Callable[[Snapshot], list[Curve]]
    format: Callable[[float], str]
    empty_text: str = "no step yet"
    supports_log: bool = True
    smoothing_window: int = 0
    file_name: str = ""
    run_field: str = ""
    group_field: str = ""

    @property
    def file_stem(self) -> str:
        """Its part of a file name."""
        return self.file_name or self.name


def _of_groups(
    name: str,
    field: Literal["lr", "grad_norm", "update_ratio"],
    format: Callable[[float], str],
    smoothing_window: int = 0,
    file_name: str = "",
) -> Metric:
    """Return a metric that every group has."""

    def curves(snapshot: Snapshot) -> list[Curve]:
        places = {group.name: index for index, group in enumerate(snapshot.groups)}
        return [
            Curve(getattr(history, field), group_role(places[history.name]), name=history.name)
            for history in snapshot.histories
            if history.name in places
        ]

    return Metric(
        name,
        curves,
        format,
        smoothing_window=smoothing_window,
        file_name=file_name,
        group_field=field,
    )


LOSS: Final = Metric(
    "loss",
    lambda snapshot: [
        Curve(snapshot.loss, "curve", "band"),
        *branch_curves(snapshot.branches, "loss"),
    ],
    lambda value: f"{value:.4g}",
    smoothing_window=50,
    run_field="loss",
)
ACCURACY: Final = Metric(
    "accuracy",
    lambda snapshot: [
        Curve(snapshot.accuracy, "curve-2"),
        *branch_curves(snapshot.branches, "accuracy"),
    ],
    format_percentage,
    "measured at the end of each epoch",
    supports_log=False,
    run_field="accuracy",
)
LR: Final = _of_groups("lr", "lr", format_lr)
GRADIENT: Final = _of_groups(
    "|grad|", "grad_norm", format_number, smoothing_window=10, file_name="grad"
)
UPDATE: Final = _of_groups(
    "|Δw|/|w|", "update_ratio", format_number, smoothing_window=10, file_name="update"
)

METRICS: Final = (LOSS, LR, GRADIENT, UPDATE, ACCURACY)
"""The metrics in the order in which a key cycles through them."""


def companion_metrics(first: Metric) -> tuple[Metric, ...]:
    """Return the metrics of the other charts, so that none is shown twice."""
    return tuple(LOSS if metric is first else metric for metric in (ACCURACY, LR, GRADIENT))
