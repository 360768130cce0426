"""The thread that delivers alerts: a run never waits for it, and its failures end no run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from .alert import Alert, DeliveryError
from .alert_queue import AlertQueue
from .deliver import post, run_command
from .settings import AlertSettings

RETRY_SECONDS: Final = 2.0
"""Seconds before a webhook is tried again; twice as many before the next time."""

MAX_WAITING: Final = 100
"""Maximum number of alerts that wait for their delivery; further ones are left out."""


class Notifier:
    """Delivers alerts, in order, in a thread of its own that the first one starts.

    If several pauses of a run wait for their delivery, only the newest is delivered, and at most
    one in each interval of the settings; see `AlertQueue`.

    Parameters
    ----------
    settings : how alerts are delivered
    log : called with a line for each alert that was not delivered
    """

    def __init__(self, settings: AlertSettings, log: Callable[[str], None]) -> None:
        self._settings = settings
        self._log = log
        self._queue = AlertQueue(settings.interval, MAX_WAITING, time.monotonic)
        self._is_closing = threading.Event()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def take(self, alert: Alert) -> None:
        """Take an alert, and return at once."""
        settings = self._settings
        if not (settings.command or settings.webhook):
            return
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._deliver_all, name="tuitrain-alerts", daemon=True
                )
                self._thread.start()
            is_added = self._queue.add(alert)
            self._changed.notify()
        if not is_added:
            self._log(f"an alert was left out: {MAX_WAITING} wait for their delivery")

    def close(self, timeout: float | None = None) -> None:
        """Wait until all alerts are delivered, at most ``timeout`` seconds; then give up.

        Parameters
        ----------
        timeout : maximum seconds (default: those of one delivery)
        """
        thread = self._thread
        if thread is None or not thread.is_alive():
            return
        with self._changed:
            self._is_closing.set()
            self._queue.hurry()
            self._changed.notify()
        thread.join(self._settings.timeout if timeout is None else timeout)
        if thread.is_alive():
            self._log("an alert was not delivered before the end of the process")

    def _deliver_all(self) -> None:
        while (alert := self._next()) is not None:
            try:
                self._deliver(alert)
            except Exception as error:
                self._log(f"the alert {alert.title!r} was not delivered: {error}")

    def _next(self) -> Alert | None:
        """Wait for an alert, and return it; None at the end of the process."""
        with self._changed:
            while True:
                if alert := self._queue.pop():
                    return alert
                if self._is_closing.is_set():
                    return None
                self._changed.wait(self._queue.delay())

    def _deliver(self, alert: Alert) -> None:
        settings = self._settings
        if settings.command:
            try:
                run_command(settings.command, alert, settings.timeout)
            except DeliveryError as error:
                self._log(f"the alert {alert.title!r} was not delivered: {error}")
        if settings.webhook:
            self._post(alert)

    def _post(self, alert: Alert) -> None:
        """Post an alert; retry after a while if that fails, but not at the end of the process."""
        settings, pause = self._settings, RETRY_SECONDS
        for left in range(settings.retries, -1, -1):
            try:
                post(settings.webhook, alert, settings.timeout)
                return
            except DeliveryError as error:
                if not left or self._is_closing.wait(pause):
                    tries = settings.retries - left + 1
                    times = f" ({tries} times)" if tries > 1 else ""
                    self._log(f"the alert {alert.title!r} was not delivered{times}: {error}")
                    return
            pause *= 2
