"""How alerts are delivered: the table ``[notify]`` of the configuration file."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from tuitrain.decoding import describe_decode_error
from tuitrain.errors import TuitrainError
from tuitrain.user_folders import config_folder

MAX_TIMEOUT: Final = 60.0
"""Maximum seconds that a delivery may take: the end of a process waits for it."""

MAX_RETRIES: Final = 10
"""Maximum number of further attempts to deliver an alert."""

MAX_INTERVAL: Final = 86_400.0
"""Maximum seconds between two alerts of pauses: a day."""


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """How alerts are delivered.

    Attributes
    ----------
    command : a program with its arguments, to which the title and the text are added; () for none
    webhook : an address that gets a POST of JSON; "" for none
    timeout : seconds that one delivery may take
    retries : how often a webhook is tried again
    interval : minimum seconds between two pauses of a run that are sent
    """

    command: tuple[str, ...] = ()
    webhook: str = ""
    timeout: float = 10.0
    retries: int = 2
    interval: float = 60.0


Desktop: TypeAlias = Literal["off", "osc9", "osc777"]
"""The terminal sequence for a desktop notification."""


class Notify(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """``[notify]``: the delivery of alerts of runs that have ended, paused by themselves or failed.

    Attributes
    ----------
    bell : ring the terminal's bell
    toast : show a toast over a screen that has no status line
    desktop : the terminal sequence for a desktop notification; "off" for none
    command, webhook, timeout, retries, interval : used without a screen, too; see `AlertSettings`
    """

    bell: bool = True
    toast: bool = True
    desktop: Desktop = "off"
    command: str | list[str] = ""
    webhook: str = ""
    timeout: float = 10.0
    retries: int = 2
    interval: float = 60.0


class _Config(msgspec.Struct):
    """The part of the configuration that concerns runs; the app reads all of it."""

    notify: Notify = Notify()


def make_settings(notify: Notify) -> AlertSettings:
    """Return checked settings.

    Raises
    ------
    TuitrainError : a value is not allowed; names the key, the value and what is allowed
    """
    command, webhook = notify.command, notify.webhook
    timeout, retries, interval = notify.timeout, notify.retries, notify.interval
    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError as error:
        raise TuitrainError(f"notify.command: {command!r:.80} is not a command: {error}") from None
    if any("\0" in word for word in words) or (words and not words[0]):
        raise TuitrainError(f"notify.command: {command!r:.80} names no program")
    if webhook and not _is_web_address(webhook):
        raise TuitrainError(
            f"notify.webhook: {webhook!r:.80} is not an address that begins with https:// or http://"
        )
    if not 0 < timeout <= MAX_TIMEOUT:
        raise TuitrainError(
            f"notify.timeout: seconds above 0 and at most {MAX_TIMEOUT:g}, but was given {timeout}"
        )
    if not 0 <= retries <= MAX_RETRIES:
        raise TuitrainError(
            f"notify.retries: a whole number from 0 to {MAX_RETRIES}, but was given {retries}"
        )
    if not 0 <= interval <= MAX_INTERVAL:
        raise TuitrainError(
            f"notify.interval: seconds from 0 to {MAX_INTERVAL:g}, but was given {interval}"
        )
    return AlertSettings(tuple(words), webhook, timeout, retries, interval)


def read_settings(path: Path | None = None) -> AlertSettings:
    """Read the settings; without a file nothing is delivered.

    Parameters
    ----------
    path : the configuration file (default: that of the user)

    Raises
    ------
    TuitrainError : the file cannot be read, or a value is not allowed
    """
    path = path or config_folder() / "config.toml"
    try:
        notify = msgspec.toml.decode(path.read_bytes(), type=_Config).notify
    except FileNotFoundError:
        return AlertSettings()
    except OSError as error:
        raise TuitrainError(f"{path}: {error.strerror}") from None
    except msgspec.ValidationError as error:
        allowed = ", ".join(Notify.__struct_fields__)
        raise TuitrainError(
            f"{path}: {describe_decode_error(error)} (allowed: {allowed})"
        ) from None
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise TuitrainError(f"{path}: {describe_decode_error(error)}") from None
    try:
        return make_settings(notify)
    except TuitrainError as error:
        raise TuitrainError(f"{path}: {error}") from None


def _is_web_address(text: str) -> bool:
    """Whether a string is a valid web address: ASCII without spaces, with a port that exists."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
