"""The config file of the app: what stays from one start to the next.

A TOML file that a person may write, too: what is wrong in it is an error that names the file, the
key and what is allowed, before the app opens.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
import tomli_w

from tuitrain.errors import TuitrainError, nearest


class ConfigError(TuitrainError):
    """A config file that cannot be read or written."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be configured.

    Attributes
    ----------
    theme : the name of a theme, as the palette lists them; "" for the usual one
    """

    theme: str = ""


def config_path() -> Path:
    """Return where the config file is: ``config.toml`` where the user's configuration is kept."""
    from platformdirs import user_config_path

    return user_config_path("tuitrain") / "config.toml"


def read_config(path: Path, themes: Iterable[str]) -> Config:
    """Read the file; without one, the defaults.

    Raises
    ------
    ConfigError : it cannot be read, is no TOML, or has a key or a value that there is not
    """
    try:
        config = msgspec.toml.decode(path.read_bytes(), type=Config)
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except msgspec.ValidationError as error:
        allowed = ", ".join(Config.__struct_fields__)
        raise ConfigError(f"{path}: {error} (allowed: {allowed})") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    known = sorted(themes)
    if config.theme and config.theme not in known:
        near = nearest(config.theme, known)
        raise ConfigError(
            f"{path}: theme: there is no {config.theme!r}{near} (themes: {', '.join(known)})"
        )
    return config


def write_config(path: Path, config: Config) -> None:
    """Write the file, whole or not at all.

    Raises
    ------
    ConfigError : it cannot be written
    """
    text = tomli_w.dumps(msgspec.to_builtins(config))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = path.parent
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as new:
            new.write(text)
        Path(new.name).replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
