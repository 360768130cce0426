"""What ``ctl wait`` waits for: a step, a value, a break, a pause, the end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tuitrain.errors import TuitrainError
from tuitrain.metric_info import unmeasured_message
from tuitrain.run.journal_entry import is_pause_by_itself
from tuitrain.run.snapshot import Phase, Series, Snapshot
from tuitrain.scenario.threshold import Threshold

_FORMS = "step N, loss < X, METRIC >= X, break, paused or end"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the snapshots of a run.

    Attributes
    ----------
    text : as it was given
    holds : whether a snapshot meets it
    measured : the metric that it needs; "" for none
    """

    text: str
    holds: Callable[[Snapshot], bool]
    measured: str = ""

    def check(self, snapshot: Snapshot) -> None:
        """Check that the run measures what the condition needs.

        Raises
        ------
        TuitrainError : it does not; lists what it measures
        """
        infos = snapshot.info.metrics
        if self.measured and self.measured not in [info.name for info in infos]:
            raise TuitrainError(unmeasured_message(self.measured, infos))


def parse_condition(text: str) -> Condition:
    """Return the condition that a text states.

    Raises
    ------
    TuitrainError : it states none; lists the forms
    """
    words = text.strip()
    if words == "break":
        return Condition(text, _has_broken)
    if words in ("paused", "pause"):
        return Condition(text, lambda snapshot: snapshot.phase is Phase.PAUSED)
    if words in ("end", "ended"):
        return Condition(text, lambda snapshot: snapshot.phase.ended)
    if match := re.fullmatch(r"step\s+(\d{1,15})", words):
        step = int(match[1])
        return Condition(text, lambda snapshot: snapshot.step >= step)
    match = re.fullmatch(r"([^\W\d]\w*)\s*([<>=].*)", words)
    threshold = Threshold.parse(match[2]) if match else None
    if match is None or threshold is None:
        raise TuitrainError(f"--until {text!r:.80} is no condition (allowed: {_FORMS})")
    name = match[1]
    if name == "loss":
        return Condition(text, lambda snapshot: _last_holds(snapshot.loss, threshold))
    return Condition(
        text,
        lambda snapshot: _last_holds(snapshot.metrics.get(name, Series()), threshold),
        name,
    )


def _last_holds(series: Series, threshold: Threshold) -> bool:
    return len(series) > 0 and threshold.holds(float(series.values[-1]))


def _has_broken(snapshot: Snapshot) -> bool:
    """Whether a breakpoint has paused the run."""
    if snapshot.phase is not Phase.PAUSED:
        return False
    last = next(
        (entry for entry in reversed(snapshot.journal) if entry.step == snapshot.step), None
    )
    return last is not None and is_pause_by_itself(last)
