"""The app's config file, a TOML file that users may also write.

A mistake in it is an error that names the file, the key and the allowed values, before the app
opens.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, get_args

import msgspec
import tomli_w

from tuitrain.atomic_io import write_atomic
from tuitrain.decoding import describe_decode_error
from tuitrain.encoding import decode_text
from tuitrain.errors import TuitrainError, did_you_mean
from tuitrain.run.alerts.settings import Desktop, Notify, make_settings
from tuitrain.user_folders import config_folder

from .keys.keymap import build_key_table

RATES: Final = (5, 12, 30)
"""The allowed refresh rates, in Hz; the second is the default."""


class ConfigError(TuitrainError):
    """A config file that cannot be read or written."""


DESKTOP: Final[tuple[Desktop, ...]] = get_args(Desktop)
"""The terminal sequences for desktop notifications."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The settings.

    Attributes
    ----------
    theme : the name of a theme, as the palette lists them; "" for the default
    rate : the refresh rate of the screen, in Hz
    toured : whether the tour was shown
    keys : replaced keys by action: ``freeze = "F"``
    notify : how the user is notified
    hosts : other machines whose live runs the start screen lists, as ssh takes them
    """

    theme: str = ""
    rate: int = RATES[1]
    toured: bool = False
    keys: dict[str, str] = {}
    notify: Notify = Notify()
    hosts: list[str] = []


def config_path() -> Path:
    """Return the path of the config file: ``config.toml`` in the user's config folder."""
    return config_folder() / "config.toml"


def read_config(path: Path, themes: Iterable[str]) -> Config:
    """Read the config file; return the defaults if it does not exist.

    Raises
    ------
    ConfigError : it cannot be read, is not TOML, or has an unknown key or value
    """
    try:
        config = msgspec.toml.decode(decode_text(path.read_bytes(), path, ConfigError), type=Config)
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except msgspec.ValidationError as error:
        fields = Notify.__struct_fields__ if "$.notify" in str(error) else Config.__struct_fields__
        problem = describe_decode_error(error)
        raise ConfigError(f"{path}: {problem} (allowed: {', '.join(fields)})") from None
    except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError) as error:
        raise ConfigError(f"{path}: {describe_decode_error(error)}") from None
    known = sorted(themes)
    if config.theme and config.theme not in known:
        near = did_you_mean(config.theme, known)
        raise ConfigError(
            f"{path}: theme: there is no {config.theme!r}{near} (themes: {', '.join(known)})"
        )
    if config.rate not in RATES:
        allowed = ", ".join(map(str, RATES))
        raise ConfigError(f"{path}: rate: {config.rate} is none of {allowed}")
    try:
        build_key_table(config.keys)
        make_settings(config.notify)
    except TuitrainError as error:
        raise ConfigError(f"{path}: {error}") from None
    return config


def read_hosts(path: Path) -> list[str]:
    """Return the machines that the config file names; none if it cannot be read.

    The app that opens next says what is wrong with the file.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Config).hosts
    except (OSError, msgspec.MsgspecError, ValueError):
        return []


def write_config(path: Path, config: Config) -> None:
    """Write the config file atomically.

    Raises
    ------
    ConfigError : it cannot be written
    """
    text = tomli_w.dumps(msgspec.to_builtins(config))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text.encode())
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
