"""The content of an alert, and the function that takes the alerts of this process."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from tuitrain.predicates import always

AlertKind: TypeAlias = Literal["end", "break", "failure"]
"""The end of a run, a pause by a breakpoint or a rule, a failure."""

END_ALERTS: Final[Mapping[str, tuple[AlertKind, str]]] = {
    "finished": ("end", "has finished"),
    "stopped": ("end", "was stopped"),
    "interrupted": ("end", "was interrupted"),
    "failed": ("failure", "has failed"),
}
"""The alerts at the end of a run, by its reason; a user who leaves one needs none."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An event of a run that its user is notified of.

    Attributes
    ----------
    run : the name of the run
    title : the event as a sentence, such as ``RUN has finished``
    text : where and why, in one line
    step : steps taken
    loss : the last training loss; None if there is none
    metrics : the newest metrics of the test set, by name
    is_current : whether a pause is still to be sent, because the run was not resumed since; any
        thread may call it
    """

    event: AlertKind
    run: str
    title: str
    text: str
    step: int = 0
    loss: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    is_current: Callable[[], bool] = field(default=always, compare=False, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the alert as the webhook sends it; numbers that are not finite are None."""
        return {
            "event": self.event,
            "run": self.run,
            "title": self.title,
            "text": self.text,
            "step": self.step,
            "loss": _finite(self.loss),
            "metrics": {name: _finite(value) for name, value in self.metrics.items()},
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


class DeliveryError(Exception):
    """An alert that was not delivered; the message says why, in one line."""


TakeAlert: TypeAlias = Callable[[Alert], None]
"""Takes an alert, and returns at once."""


def ignore_alert(alert: Alert) -> None:
    """Do nothing."""
    del alert


_take_alert: TakeAlert = ignore_alert


def alert_taker() -> TakeAlert:
    """Return the function that takes the alerts of later sessions."""
    return _take_alert


def set_alert_taker(take: TakeAlert = ignore_alert) -> None:
    """Have the runs that are made in this process from now on give their alerts to ``take``."""
    global _take_alert  # noqa: PLW0603 - a session does not know who runs it
    _take_alert = take


os.register_at_fork(after_in_child=set_alert_taker)  # the thread that delivers is the parent's
