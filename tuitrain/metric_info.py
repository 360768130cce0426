"""The facts of the metrics that are measured on the test set; needs no numerics."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .errors import did_you_mean

_NAME = re.compile(r"[^\W\d]\w{0,63}")
_INTERVAL = re.compile(r"\s*([0-9]{1,12})\s+(step|epoch)s?\s*")

RESERVED_NAMES: Final = ("nan", "loss", "lr", "grad_norm", "dead", "dead_units")
"""Names that mean something else in the command ``break`` and in charts."""


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """A metric's name, and how its values are read.

    Attributes
    ----------
    name : names it in commands, expectations, records and charts
    larger_is_better : whether an improvement raises it
    is_share : whether it is a share from 0 to 1, shown in percent
    """

    name: str
    larger_is_better: bool = True
    is_share: bool = False

    def best(self, values: Sequence[float]) -> float | None:
        """Return the best of several values; None unless they differ. NaN is never the best."""
        known = [value for value in values if not math.isnan(value)]
        if len(set(known)) < 2:
            return None
        return max(known) if self.larger_is_better else min(known)


LOSS: Final = MetricInfo("loss", larger_is_better=False)
"""The loss of the training, where it is compared as metrics are."""

ACCURACY: Final = MetricInfo("accuracy", is_share=True)

BUILT_IN_METRICS: Final = {
    info.name: info
    for info in (
        ACCURACY,
        MetricInfo("top5", is_share=True),
        MetricInfo("mae", larger_is_better=False),
        MetricInfo("mse", larger_is_better=False),
        MetricInfo("rmse", larger_is_better=False),
        MetricInfo("r2"),
        MetricInfo("perplexity", larger_is_better=False),
        MetricInfo("test_loss", larger_is_better=False),
    )
}
"""The metrics that have a name of their own; others are callables of the user."""


def read_interval(text: str) -> tuple[int, str] | None:
    """Return how often metrics are measured: of ``"2 epochs"``, 2 and ``epoch``.

    The unit is ``step`` or ``epoch``. None if the text is no such interval.
    """
    match = _INTERVAL.fullmatch(text)
    return None if match is None else (int(match[1]), match[2])


def metric_name(text: str) -> str:
    """Return the name of a metric: of ``package.module:callable``, the callable's."""
    return text.rpartition(":")[2]


def is_metric_name(name: str) -> bool:
    """Whether a metric may have this name: a Python identifier that means nothing else."""
    return _NAME.fullmatch(name) is not None and name not in RESERVED_NAMES


def info_of(text: str) -> MetricInfo:
    """Return the facts of a metric; a callable is read as a number that should be large."""
    return BUILT_IN_METRICS.get(text) or MetricInfo(metric_name(text))


def unmeasured_message(name: str, metrics: Iterable[MetricInfo]) -> str:
    """Say that a run does not measure a metric, with the nearest match and those it measures."""
    known = [info.name for info in metrics]
    measured = f"measured are: {', '.join(known)}" if known else "nothing is measured"
    return f"this run does not measure {name!r}{did_you_mean(name, known)} ({measured})"
