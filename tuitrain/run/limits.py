"""The limits of a run for programs that steer it, as a scenario or `watch` declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Final, cast

from tuitrain.commands import MAX_COUNT, VOCABULARY
from tuitrain.errors import RefusedError, did_you_mean, join_or

from .authorship import ACTOR_KINDS, AUTOMATIC_ACTORS, Actor

DEFAULT_ACTORS: Final = ("agent",)
"""The kinds of actors that limits hold for, unless they name others."""

WINDOW_STEPS: Final = 1000
"""The steps in which ``per_thousand_steps`` counts commands."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on the commands of some actors; None allows everything.

    Attributes
    ----------
    actors : the kinds of actors that the limits hold for
    lr_factor : the largest factor, 1 or more, by which one command changes a learning rate, up or
        down; a schedule may rise to this multiple of the present rate
    per_thousand_steps : maximum number of commands that change the run in 1000 steps
    commands : the first words of the commands that they may give
    groups : names and globs of the groups that they may change
    checkpoint : whether a checkpoint ``before-KIND`` is kept before each change of theirs

    Raises
    ------
    RefusedError : a value is not allowed; names the key, the value and what is allowed
    """

    actors: tuple[str, ...] = DEFAULT_ACTORS
    lr_factor: float | None = None
    per_thousand_steps: int | None = None
    commands: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    checkpoint: bool = False

    def __post_init__(self) -> None:
        kinds = [kind for kind in ACTOR_KINDS if kind not in AUTOMATIC_ACTORS]
        self._take("actors", _known("actors", self.actors, kinds))
        if self.commands is not None:
            names = [spec.name for spec in VOCABULARY]
            self._take("commands", _known("commands", self.commands, names))
        if self.groups is not None:
            self._take("groups", _texts("groups", self.groups))
        if self.lr_factor is not None:
            self._take("lr_factor", _factor(self.lr_factor))
        if self.per_thousand_steps is not None:
            _check_count(self.per_thousand_steps)
        if not isinstance(cast(object, self.checkpoint), bool):
            raise _problem("checkpoint", "true or false", self.checkpoint)

    def hold_for(self, actor: Actor) -> bool:
        """Whether the limits hold for an actor, wherever it is."""
        return actor.partition("@")[0] in self.actors

    def describe(self) -> str:
        """Return the limits in one line: ``for agent: lr_factor 10, groups fc*``."""
        texts = [
            f"{name} {value:g}"
            for name in ("lr_factor", "per_thousand_steps")
            if (value := getattr(self, name)) is not None
        ]
        for name, words in (("commands", self.commands), ("groups", self.groups)):
            texts += [f"{name} {' '.join(words)}"] if words is not None else []
        texts += ["a checkpoint before each change"] * self.checkpoint
        return f"for {join_or(self.actors)}: {', '.join(texts) or 'none'}"

    def _take(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def make_limits(value: Limits | Mapping[str, Any] | None) -> Limits | None:
    """Return the limits that a mapping declares, such as ``{"lr_factor": 10}``.

    Raises
    ------
    RefusedError : a key is unknown, or a value is not allowed
    """
    if value is None or isinstance(value, Limits):
        return value
    if not isinstance(cast(object, value), Mapping):
        raise RefusedError(
            f"limits is a table, as in {{'lr_factor': 10}}, but was given {value!r:.60}"
        )
    known = [field.name for field in fields(Limits)]
    for key in value:
        if key not in known:
            hint = did_you_mean(str(key), known)
            raise RefusedError(f"limits: no key {key!r:.60}{hint} (allowed: {join_or(known)})")
    return Limits(**value)


def _known(key: str, value: object, allowed: Sequence[str]) -> tuple[str, ...]:
    words = _texts(key, value)
    for word in words:
        if word not in allowed:
            hint = did_you_mean(word, allowed)
            raise RefusedError(
                f"limits: {key}: {word!r:.60} is not known{hint} (allowed: {join_or(allowed)})"
            )
    return words


def _texts(key: str, value: object) -> tuple[str, ...]:
    is_list = type(value) in (list, tuple)
    words = cast("Sequence[object]", value) if is_list else ()
    texts = tuple(word for word in words if isinstance(word, str))
    if not texts or len(texts) < len(words) or "" in texts:
        shown = list(words) if is_list else value
        raise _problem(key, "a list of one or more strings, none of them empty", shown)
    return texts


def _factor(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 1 <= float(value) < 1e300:
        raise _problem("lr_factor", "a number of 1 or more", value)
    return float(value)


def _check_count(value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise _problem("per_thousand_steps", f"a whole number from 0 to {MAX_COUNT}", value)


def _problem(key: str, allowed: str, value: object) -> RefusedError:
    return RefusedError(f"limits: {key} is {allowed}, but was given {value!r:.60}")
