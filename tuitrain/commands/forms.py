"""The forms of a command: one declaration that reads, prints and completes its text.

A `Form` is one way to write a command, as a sequence of parts. A command may have several forms
(``lr fc 0.1``, ``lr fc x0.5``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tuitrain.errors import CommandError

from .checks import shown
from .command import Command
from .part import Fields, MismatchError, Part, Suggestions
from .parts import Rest
from .usage import usage_error


def _fields_of(command: Command) -> Fields | None:
    return msgspec.structs.asdict(command)


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a command.

    Attributes
    ----------
    type : the command's class
    parts : what follows the command's name
    constants : fields that have one value in this form
    make : from fields to the command (default: its class)
    split : from the command to its fields, or None if this form cannot write it
    usage : the words of this form in the command's usage (default: its parts')
    """

    type: type[Command]
    parts: tuple[Part, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict[str, Any])
    make: Callable[..., Command] | None = None
    split: Callable[[Command], Fields | None] = _fields_of
    usage: tuple[str, ...] | None = None

    @property
    def usage_words(self) -> tuple[str, ...]:
        """The words that stand for this form in the command's usage."""
        return tuple(part.usage for part in self.parts) if self.usage is None else self.usage

    def read(self, name: str, words: Sequence[str]) -> Command:
        """Read all words into a command.

        Raises
        ------
        FormError : they do not fit, or a value is not allowed
        """
        fields: Fields = dict(self.constants)
        place = 0
        try:
            for part in self.parts:
                place = part.read(name, words, place, fields)
            if place < len(words):
                raise MismatchError(place)
            return (self.make or self.type)(**fields)
        except MismatchError as mismatch:
            raise FormError(mismatch.place, mismatch) from None
        except CommandError as error:
            raise FormError(place + 0.5, error) from None

    def write(self, command: Command) -> str | None:
        """Print the parts, or return None if the command is not of this form."""
        fields = self.split(command) if isinstance(command, self.type) else None
        if fields is None or any(fields[key] != value for key, value in self.constants.items()):
            return None
        texts = [part.write(fields) for part in self.parts]
        return None if None in texts else " ".join(filter(None, texts))

    def suggest(self, name: str, before: Sequence[str]) -> Suggestions:
        """Return the words that may follow ``before``; none if that does not fit."""
        place, fields = 0, dict(self.constants)
        for part in self.parts:
            if place == len(before):
                return part.suggest()
            try:
                place = part.read(name, before, place, fields)
            except MismatchError:
                return ()
            except CommandError:  # a value that is not allowed: its place is clear all the same
                place += 1
            if place == len(before) and isinstance(part, Rest):
                return part.suggest()
        return ()


class FormError(Exception):
    """Words that do not make a command in one form.

    Attributes
    ----------
    depth : how far they fit: the index of the word that does not, and a half more if the word
        belongs to the form and only its value is not allowed
    error : what is wrong
    """

    def __init__(self, depth: float, error: MismatchError | CommandError) -> None:
        super().__init__(depth, error)
        self.depth = depth
        self.error = error


def read_forms(name: str, forms: Sequence[Form], words: Sequence[str]) -> Command:
    """Read words by the first form that fits.

    Raises
    ------
    CommandError : none fits; explained by the form that fits furthest
    """
    problems: list[FormError] = []
    for form in forms:
        try:
            return form.read(name, words)
        except FormError as problem:
            problems.append(problem)
    furthest = max(problems, key=lambda problem: problem.depth)
    if isinstance(furthest.error, CommandError):
        raise furthest.error
    raise usage_error(name, _mismatch(furthest.error, forms, words))


def _mismatch(error: MismatchError, forms: Sequence[Form], words: Sequence[str]) -> str:
    """Say what does not fit: the fixed word that is expected, or all that was given."""
    if not words:
        return "was given nothing"
    if all(not form.parts for form in forms):
        return f"takes nothing after it, but was given {words[0]!r}"
    if error.expected and 0 < error.place < len(words) and len(forms) == 1:
        before, word = words[error.place - 1], words[error.place]
        if before == error.expected:
            return f"has nothing before {before!r}"
        return f"expects {error.expected!r} after {before!r}, but was given {word!r}"
    if error.place == 1 and all(len(form.parts) <= 1 for form in forms):
        return f"takes one value, but was given {shown(' '.join(words))}"
    return f"was given {shown(' '.join(words))}"


def write_forms(name: str, forms: Sequence[Form], command: Command) -> str:
    """Print a command by the first of its forms that can."""
    for form in forms:
        text = form.write(command)
        if text is not None:
            return f"{name} {text}".rstrip()
    raise TypeError(f"no form of {name} writes {command!r}")


def write_usage(name: str, forms: Sequence[Form]) -> str:
    """Return how a command is written: its forms, with what they share written once."""
    return f"{name} {_alternatives([form.usage_words for form in forms], name)}".rstrip()


def _alternatives(forms: Sequence[tuple[str, ...]], name: str = "") -> str:
    """Join the words of forms; ``name`` begins forms again that are not parts of a list."""
    if () in forms:
        rest = [words for words in forms if words]
        return f"[{_alternatives(rest)}]" if rest else ""
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for first, *rest in forms:
        by_first.setdefault(first, []).append(tuple(rest))
    texts = [
        f"{first} {_alternatives(rest, name if len(by_first) == 1 else '')}".rstrip()
        for first, rest in by_first.items()
    ]
    nested = name and len(texts) > 1 and any(" | " in text for text in texts)
    return f", or {name} ".join(texts) if nested else " | ".join(texts)
