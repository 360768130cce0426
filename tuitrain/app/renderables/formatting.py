"""Numbers as text: counts, rates, short numbers, durations, shapes."""

from __future__ import annotations

import math
import re
from typing import Final

from tuitrain.commands import number_text
from tuitrain.metric_info import MetricInfo
from tuitrain.text import format_count

__all__ = [
    "format_compact",
    "format_count",
    "format_duration",
    "format_loss",
    "format_lr",
    "format_metric",
    "format_number",
    "format_percentage",
    "format_shape",
    "plain_number",
    "shorten_numbers",
]


_PLAIN_DIGITS: Final = 8
_ROUNDING_ERROR: Final = 1e-14
"""The relative error after some fifty multiplications."""


def format_compact(value: float) -> str:
    """Write a rate with at most three digits: ``161 k``, ``1.2 M``, ``87``."""
    if not math.isfinite(value):
        return "—"
    for scale, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= scale * 0.9995:
            scaled = value / scale
            return f"{scaled:.1f}{unit}" if scaled < 9.95 else f"{scaled:.0f}{unit}"
    return f"{value:.0f}" if value >= 9.95 or value == int(value) else f"{value:.1f}"


def format_number(value: float) -> str:
    """Write a number in at most seven cells: ``1.2e-3``, ``0.43``, ``17.2``, ``—`` for NaN."""
    if math.isnan(value):
        return "—"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    if 0.1 <= abs(value) < 999.5:
        return f"{value:.3g}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def format_loss(value: float) -> str:
    """Write a loss with four decimals, comparable in a column; another form far from 1."""
    return f"{value:.4f}" if 5e-4 <= value < 1000 else format_number(value)


def format_lr(value: float) -> str:
    """Write a learning rate: ``0.01``, ``0.0312``, ``1.2e-4``."""
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e4):
        return format_number(value)
    return f"{value:.3g}"


def plain_number(value: float) -> str:
    """Write a number as a person would type it: 0.01 for the product 0.1 x 0.1, 5e-6 for 5e-06.

    Rounding errors of a few multiplications are left out. Another number is written so that it
    reads back to the same bits; one that is not finite, which no entry may be, as "".
    """
    if not math.isfinite(value):
        return ""
    for digits in range(1, _PLAIN_DIGITS + 1):
        plain = float(f"{value:.{digits}g}")
        if math.isclose(plain, value, rel_tol=_ROUNDING_ERROR):
            return re.sub(r"e-0(?=\d)", "e-", number_text(plain))
    return number_text(value)


def shorten_numbers(text: str) -> str:
    """Write the long decimal fractions in a string with four significant digits."""
    return re.sub(r"\d+\.\d{5,}(e[+-]?\d+)?", lambda match: f"{float(match[0]):.4g}", text)


def format_percentage(share: float) -> str:
    """Write a fraction as a percentage: ``97.3 %``."""
    return f"{share * 100:.1f} %"


def format_metric(info: MetricInfo, value: float) -> str:
    """Write a metric of the test set: a share in percent, another as a short number."""
    return format_percentage(value) if info.is_share else format_number(value)


def format_duration(seconds: float | None) -> str:
    """Write a duration as ``0:03`` or ``1:02:03``; ``-:--`` if it is unknown."""
    if seconds is None or not math.isfinite(seconds):
        return "-:--"
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_shape(dimensions: tuple[int, ...]) -> str:
    """Write a shape in NumPy's format: ``(16, 6, 5, 5)``, ``(10,)``."""
    return str(dimensions)
