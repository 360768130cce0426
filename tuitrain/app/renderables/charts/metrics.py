"""The metrics that a chart can show: their curves, and the format of their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, Literal

from tuitrain import metric_info
from tuitrain.metric_info import MetricInfo
from tuitrain.run.snapshot import Series, Snapshot
from tuitrain.scenario.runs.final_curves import FinalCurves

from ..formatting import format_lr, format_metric, format_number
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
    read_run : returns its curve in the curves of a past run; None for a metric of groups
    group_field : its field in a group's history; "" for a metric of the whole network
    info : the facts of a metric of the test set; None for others
    """

    name: str
    curves: Callable[[Snapshot], list[Curve]]
    format: Callable[[float], str]
    empty_text: str = "no step yet"
    supports_log: bool = True
    smoothing_window: int = 0
    file_name: str = ""
    read_run: Callable[[FinalCurves], Series] | None = None
    group_field: str = ""
    info: MetricInfo | None = None

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
        *branch_curves(snapshot.branches, lambda branch: branch.loss),
    ],
    lambda value: f"{value:.4g}",
    smoothing_window=50,
    read_run=lambda curves: curves.loss,
)


@cache
def measured_metric(info: MetricInfo) -> Metric:
    """Return the chart of a metric of the test set; the same one for the same facts."""
    name = info.name

    def curves(snapshot: Snapshot) -> list[Curve]:
        return [
            Curve(snapshot.metrics.get(name, Series()), "curve-2"),
            *branch_curves(snapshot.branches, lambda branch: branch.metrics.get(name, Series())),
        ]

    return Metric(
        name,
        curves,
        partial(format_metric, info),
        "measured at the end of each epoch",
        supports_log=not info.is_share,
        read_run=lambda run: run.metrics.get(name, Series()),
        info=info,
    )


ACCURACY: Final = measured_metric(metric_info.ACCURACY)
LR: Final = _of_groups("lr", "lr", format_lr)
GRADIENT: Final = _of_groups(
    "|grad|", "grad_norm", format_number, smoothing_window=10, file_name="grad"
)
UPDATE: Final = _of_groups(
    "|Δw|/|w|", "update_ratio", format_number, smoothing_window=10, file_name="update"
)


def chart_metrics(infos: Sequence[MetricInfo]) -> tuple[Metric, ...]:
    """Return the metrics in the order in which a key cycles through them.

    Parameters
    ----------
    infos : the metrics of the test set, the main one first
    """
    return (LOSS, LR, GRADIENT, UPDATE, *map(measured_metric, infos))


def companion_metrics(first: Metric, main: Metric = ACCURACY) -> tuple[Metric, ...]:
    """Return the metrics of the other charts, so that none is shown twice.

    Parameters
    ----------
    first : the metric of the first chart
    main : the main metric of the test set
    """
    return tuple(LOSS if metric is first else metric for metric in (main, LR, GRADIENT))
