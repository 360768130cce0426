"""The paces that the keys choose from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tuitrain.run.snapshot import Snapshot

PACES: Final = tuple(digit * 10**power for power in range(5) for digit in (1, 2, 5))
"""Steps a second: 1, 2, 5, 10 and so on, to 50 000."""

_SETTLING_SECONDS: Final = 2.0
"""After a change of the pace: the throughput's second, and the way of a snapshot to the screen."""


def steps_per_second(snapshot: Snapshot) -> float:
    """Return the steps a second that the run takes now; 0.0 if that is unknown."""
    is_in_samples = snapshot.info.speed_unit == "samples"
    return snapshot.samples_per_second / (snapshot.info.batch_size if is_in_samples else 1)


class PaceFollower:
    """Chooses the next pace of a run, and waits until the effect of the last one can be seen.

    The throughput is an average of about a second, so for that long after a change of the pace it
    is still that of the former pace; and a snapshot with the new pace comes only after the step
    boundary.

    Parameters
    ----------
    clock : seconds that only grow
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pace: float | None = None
        self._since = clock()
        self._requested: tuple[float | None, float] | None = None

    def follow(self, snapshot: Snapshot) -> None:
        """Note a change of the pace."""
        if snapshot.pace != self._pace:
            self._pace, self._since = snapshot.pace, self._clock()
            self._requested = None

    def request(self, snapshot: Snapshot, direction: int) -> float | None:
        """Return the next pace; see `next_pace`."""
        now, pace = self._clock(), snapshot.pace
        if self._requested is not None and now - self._requested[1] < _SETTLING_SECONDS:
            pace = self._requested[0]
        is_known = pace == self._pace and now - self._since >= _SETTLING_SECONDS
        speed = steps_per_second(snapshot) if is_known else 0.0
        self._requested = next_pace(pace, speed, direction), now
        return self._requested[0]


def next_pace(pace: float | None, speed: float, direction: int) -> float | None:
    """Return the next slower pace for a direction of -1, the next faster one for 1.

    Parameters
    ----------
    pace : the present pace; None for no limit
    speed : the steps a second that the run takes; 0.0 if that is unknown

    Returns
    -------
    Steps a second, or None for no limit: above the fastest pace, and where the run was too slow for
    the present one
    """
    if direction < 0:
        present = min(pace or PACES[-1] + 1, speed or PACES[-1] + 1)
        return max((one for one in PACES if one < present), default=PACES[0])
    if pace is None or (speed and speed < 0.7 * pace):
        return None
    return min((one for one in PACES if one > pace), default=None)
