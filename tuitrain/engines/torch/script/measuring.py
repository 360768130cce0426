"""When the sizes of updates are measured for viewers, within a share of the training's time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

MEASURE_SECONDS: Final = 0.08
"""Seconds between measured updates while a viewer is attached: as often as a screen shows them."""

MEASURE_SHARE: Final = 0.0025
"""The largest share of the time that measuring takes: 10M parameters take 15 ms on a CPU."""

MAX_SECONDS: Final = 1.0
"""Seconds after which an update is measured even if that exceeds `MEASURE_SHARE`."""


class Measuring:
    """Says which updates are measured.

    Parameters
    ----------
    clock : returns a monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._due = -math.inf

    @property
    def is_due(self) -> bool:
        """Whether the coming update is measured, if a viewer may see it."""
        return self._clock() > self._due

    def note(self, seconds: float) -> None:
        """Note that an update was measured, and how long that took."""
        pause = min(seconds / MEASURE_SHARE, MAX_SECONDS)
        self._due = self._clock() + max(pause, MEASURE_SECONDS)
