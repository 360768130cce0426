"""Starting the alerts of a process, as the user's configuration says."""

from __future__ import annotations

import atexit

from tuitrain.encoding import write_notice
from tuitrain.errors import TuitrainError

from .alert import alert_taker, ignore_alert, set_alert_taker
from .notifier import Notifier
from .settings import read_settings


def start_alerts() -> None:
    """Deliver the alerts of the runs of this process, if the configuration file says how.

    A mistake in the file is one line on the error output; the training continues.
    """
    if alert_taker() is not ignore_alert:
        return
    try:
        settings = read_settings()
    except TuitrainError as error:
        write_notice(f"no alerts are sent: {error}")
        return
    if not (settings.command or settings.webhook):
        return
    notifier = Notifier(settings, write_notice)
    set_alert_taker(notifier.take)
    atexit.register(notifier.close)
