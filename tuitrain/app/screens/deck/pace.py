"""The paces that the keys choose from."""

from __future__ import annotations

from typing import Final

from tuitrain.run.snapshot import Snapshot

PACES: Final = tuple(digit * 10**power for power in range(5) for digit in (1, 2, 5))
"""Steps a second: 1, 2, 5, 10 and so on, to 50 000."""


def steps_per_second(snapshot: Snapshot) -> float:
    """Return the steps a second that the run takes now; 0.0 if that is unknown."""
    is_in_samples = snapshot.info.speed_unit == "samples"
    return snapshot.samples_per_second / (snapshot.info.batch_size if is_in_samples else 1)


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
