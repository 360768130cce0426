"""Who gives a command, and why: the texts that the journal keeps, and their checks."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, TypeAlias

from tuitrain.errors import RefusedError, did_you_mean, join_or

Actor: TypeAlias = str
"""The origin of a command: one of `ACTOR_KINDS`; for commands of another machine or user also ``@``
and its name, as in ``key@laptop``."""

ACTOR_KINDS: Final = (
    "key",
    "command",
    "palette",
    "screen",
    "ctl",
    "agent",
    "api",
    "scenario",
    "breakpoint",
    "rule",
)
"""A key or its dialog, the ``:`` line, the palette, a screen, ``tuitrain ctl``, an agent, a Python
call, a scenario entry, a breakpoint, a rule."""

AUTOMATIC_ACTORS: Final = ("scenario", "breakpoint", "rule")
"""The actors whose commands follow from the run itself."""

OWN_ACTORS: Final = ("scenario", "rule")
"""Actors that act at the same steps when a run is repeated; a breakpoint pauses only some runs."""

MAX_PLACE: Final = 32
"""Maximum number of characters of the name after ``@``."""

MAX_WHY: Final = 200
"""Maximum number of characters of the reason for a command."""

_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OTHER_CHARACTERS = re.compile(r"[^A-Za-z0-9._-]+")
_CONTROL_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")


@lru_cache(maxsize=1000)
def check_actor(actor: str) -> Actor:
    """Return an actor that is well-formed.

    Raises
    ------
    RefusedError : it is not well-formed; says what is allowed
    """
    kind, at, place = actor.partition("@")
    if kind not in ACTOR_KINDS:
        raise RefusedError(
            f"actor {actor!r:.80}: {kind!r:.40} is not known{did_you_mean(kind, ACTOR_KINDS)} "
            f"(allowed: {join_or(ACTOR_KINDS)})"
        )
    if at and kind in AUTOMATIC_ACTORS:
        raise RefusedError(f"actor {actor!r:.80}: {kind} is of the run itself, and has no place")
    if at and (len(place) > MAX_PLACE or not _PLACE.fullmatch(place)):
        raise RefusedError(
            f"actor {actor!r:.80}: after @ comes the name of a machine or user, of at most "
            f"{MAX_PLACE} letters, digits, '.', '_' and '-'"
        )
    return actor


def check_submitter(actor: str) -> Actor:
    """Return an actor that may submit commands.

    Raises
    ------
    RefusedError : it is not well-formed, or only the run itself acts under this name
    """
    if is_automatic(check_actor(actor)):
        raise RefusedError(f"actor {actor!r}: only the run itself gives commands as {actor}")
    return actor


def is_automatic(actor: Actor) -> bool:
    """Whether the commands of an actor follow from the run itself."""
    return actor in AUTOMATIC_ACTORS


def make_actor(kind: str, place: str) -> Actor:
    """Return the actor of a kind at a place; characters that names cannot have become ``-``.

    Raises
    ------
    RefusedError : the kind is not known
    """
    name = _OTHER_CHARACTERS.sub("-", place).lstrip("._-")[:MAX_PLACE]
    return check_actor(f"{kind}@{name}" if name else kind)


def check_why(why: str) -> str:
    """Return the reason for a command, without blanks around it.

    Raises
    ------
    RefusedError : it is too long, has several lines, or control characters
    """
    if len(why) > MAX_WHY:
        raise RefusedError(f"the reason has {len(why)} characters, and at most {MAX_WHY} are kept")
    if not why.isascii() or not why.isprintable():
        bad = [char for char in why if unicodedata.category(char) in _CONTROL_CATEGORIES]
        if bad:
            raise RefusedError(f"the reason is one line of text, and has the character {bad[0]!a}")
    return why.strip()
