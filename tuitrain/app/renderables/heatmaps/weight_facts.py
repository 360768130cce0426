"""The facts of one parameter as rows: name, numbers, update and units, first values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tuitrain.engines.inspection import TensorSummary, WeightsView
from tuitrain.engines.views import ArrayStatistics, LayerUnits

from ..formatting import (
    format_compact,
    format_count,
    format_number,
    format_percentage,
    format_shape,
)
from ..histograms.parameter import format_values
from ..rows import Row, Span, ellipsize, first_fitting, join_rows, ljust, rjust

TENSORS: Final = ("value", "gradient", "update")
"""The tensors of a parameter that can be shown."""


def tensor_summary(view: WeightsView, name: str) -> TensorSummary:
    """Return the summary of one of the `TENSORS` of a parameter."""
    return {"value": view.value, "gradient": view.grad, "update": view.update}[name]


def fact_rows(view: WeightsView, tensor: str, width: int) -> list[Row]:
    """Describe a tensor of a parameter in four rows."""
    return [
        _title(view, tensor, width),
        _numbers(tensor_summary(view, tensor).statistics, absence_reason(view, tensor), width),
        first_fitting(
            [
                join_rows([_update(view), dead_units_row(view.units, number)])
                for number in (12, 6, 3, 0)
            ],
            width,
        ),
        _first_values(tensor_summary(view, tensor), tensor, width),
    ]


def _title(view: WeightsView, tensor: str, width: int) -> Row:
    tied = f" = {', '.join(view.aliases)}" if view.aliases else ""
    name: Row = ((view.name + tied, "strong"), (f" {format_shape(view.shape)}", "text"))
    group: Row = ((f"{view.group} · step {format_count(view.step)}", "muted"),)
    frozen: Row = ()
    if view.frozen_since is not None:
        frozen = ((f"❄ frozen since {format_count(view.frozen_since)}", "frozen"),)
    tabs: Row = tuple(
        (f"[{name}]", "accent") if name == tensor else (f" {name} ", "muted") for name in TENSORS
    )
    choices = [[name, group, frozen, tabs], [name, frozen, tabs], [name, tabs]]
    return first_fitting([join_rows(parts) for parts in choices], width)


def absence_reason(view: WeightsView, tensor: str) -> str:
    """Return why a tensor has no values."""
    if tensor == "update":
        return "no update yet: it is the change between two inspections"
    frozen = " (frozen)" if view.frozen_since is not None else ""
    return f"no gradient{frozen}"


def _numbers(summary: ArrayStatistics | None, absence: str, width: int) -> Row:
    if summary is None:
        return ((ellipsize(absence, width), "frozen"),)
    parts = [("norm", summary.norm), ("mean", summary.mean), ("std", summary.std)]
    parts += [("min", summary.low), ("max", summary.high)]
    row: list[Span] = []
    for name, value in parts:
        row += [(f"{name} ", "muted"), (ljust(format_number(value), 9), "text")]
    if summary.non_finite:
        row.append((f"{format_compact(summary.non_finite)} not finite", "bad"))
    return tuple(row)


def _update(view: WeightsView) -> Row:
    spans: list[Span] = [("|Δw|/|w| ", "muted"), (format_number(view.update_ratio), "text")]
    if view.update_steps:
        steps = (
            "the last step"
            if view.update_steps == 1
            else f"{format_count(view.update_steps)} steps"
        )
        spans.append((f"  update: Δw of {steps}", "muted"))
    return tuple(spans)


def dead_units_row(units: LayerUnits | None, max_listed: int) -> Row:
    """Return the number of dead units, and up to ``max_listed`` of their indices."""
    if units is None:
        return ()
    share = format_percentage(units.dead / units.units) if units.units else "—"
    text = f"dead units {units.dead} of {units.units} ({share})"
    if units.dead and max_listed and units.dead_indices:
        listed = ", ".join(map(str, units.dead_indices[:max_listed]))
        text += f": {listed}" + (" …" if len(units.dead_indices) > max_listed else "")
    return ((text, "warning" if units.dead else "muted"),)


def _first_values(summary: TensorSummary, name: str, width: int) -> Row:
    if summary.statistics is None:
        return ()
    return (
        (f"{name} ", "muted"),
        (_format_values(summary.statistics.first_values, width - len(name) - 1), "text"),
    )


def _format_values(values: Sequence[float], width: int) -> str:
    """Write the first values in NumPy's format, or small ones with exponents."""
    if max(map(abs, values), default=0.0) >= 0.01:
        return format_values(tuple(values), width)
    number = max(0, (width - 4) // 9)
    numbers = " ".join(rjust(format_number(value), 8) for value in values[:number])
    return f"[{numbers}{' …' if number < len(values) else ''}]"
