"""Delivering an alert: running a command, posting to a web address."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence

from .alert import Alert


class DeliveryError(Exception):
    """An alert that was not delivered; the message says why, in one line."""


def run_command(command: Sequence[str], alert: Alert, timeout: float) -> None:
    """Run a program with the title and the text as its last arguments, without a shell.

    The environment has ``TUITRAIN_EVENT``, ``TUITRAIN_RUN``, ``TUITRAIN_STEP``,
    ``TUITRAIN_TITLE`` and ``TUITRAIN_TEXT``.

    Raises
    ------
    DeliveryError : it cannot be run, fails, or takes longer than ``timeout`` seconds
    """
    values = {
        "EVENT": alert.event,
        "RUN": alert.run,
        "STEP": str(alert.step),
        "TITLE": alert.title,
        "TEXT": alert.text,
    }
    own = {f"TUITRAIN_{name}": _plain(value) for name, value in values.items()}
    words = [*command, _plain(alert.title), _plain(alert.text)]
    try:
        done = subprocess.run(
            words,
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=timeout,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise DeliveryError(f"{command[0]} took longer than {timeout:g} s") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise DeliveryError(f"{command[0]} cannot be run: {why}") from None
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        problem = f"{command[0]} ended with status {done.returncode}"
        raise DeliveryError(f"{problem}: {message:.200}" if message else problem)


def post(address: str, alert: Alert, timeout: float) -> None:
    """Post an alert as JSON.

    Raises
    ------
    DeliveryError : there is no answer in ``timeout`` seconds, or it is an error
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    body = json.dumps(alert.as_json()).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "tuitrain"}
    request = Request(address, body, headers, method="POST")
    try:
        with urlopen(request, timeout=timeout) as answer:
            answer.read(1)
    except HTTPError as error:
        error.close()
        raise DeliveryError(f"the webhook answered {error.code} {error.reason}") from None
    except (OSError, HTTPException, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise DeliveryError(f"the webhook is not reached: {why!s:.200}") from None


def _plain(text: str) -> str:
    """Return a text that can be an argument of a program."""
    return text.replace("\0", "").encode(errors="replace").decode()
