"""The kinds of parts that forms of commands consist of; see `Part`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .checks import one_of
from .part import Fields, MismatchError, Suggestions


@dataclass(frozen=True, slots=True)
class Word:
    """A fixed word.

    Attributes
    ----------
    text : the word
    placeholder : how usage shows it (default: as it is)
    also : another spelling that is read, such as the singular
    """

    text: str
    placeholder: str = ""
    also: str = ""

    def read(self, name: str, words: Sequence[str], start: int, fields: Fields) -> int:
        """Check that the word is there."""
        del name, fields
        if start >= len(words) or words[start] not in (self.text, self.also):
            raise MismatchError(start, self.text)
        return start + 1

    def write(self, fields: Mapping[str, Any]) -> str:
        """Return the word."""
        del fields
        return self.text

    def suggest(self) -> Suggestions:
        """Suggest the word."""
        return (self.text,)

    @property
    def usage(self) -> str:
        """The placeholder, or the word."""
        return self.placeholder or self.text


@dataclass(frozen=True, slots=True)
class Value:
    """One word that holds a field.

    Attributes
    ----------
    name : the field
    reads : from the command's name and the word to the field's value
    writes : from the value to the word
    before, after : what encloses the value in the word, such as ``x`` and ``%``
    shape : the word fits if this matches its beginning (default: every word fits)
    suggestions : words that complete a line
    placeholder : how usage shows the value (default: the field's name in capitals)
    either_side : whether what encloses the value may be on its other side: ``3x`` for ``x3``
    """

    name: str
    reads: Callable[[str, str], Any]
    writes: Callable[[Any], str] = str
    before: str = ""
    after: str = ""
    shape: str = ""
    suggestions: Suggestions = ()
    placeholder: str = ""
    either_side: bool = False

    @property
    def usage(self) -> str:
        """The placeholder, with what encloses the value."""
        return f"{self.before}{self.placeholder or self.name.upper()}{self.after}"

    def read(self, name: str, words: Sequence[str], start: int, fields: Fields) -> int:
        """Read the word into the field."""
        if start >= len(words) or not self._fits(words[start]):
            raise MismatchError(start)
        word = (
            self._with_prefix_first(words[start]).removeprefix(self.before).removesuffix(self.after)
        )
        fields[self.name] = self.reads(name, word)
        return start + 1

    def write(self, fields: Mapping[str, Any]) -> str:
        """Print the field."""
        return f"{self.before}{self.writes(fields[self.name])}{self.after}"

    def suggest(self) -> Suggestions:
        """Suggest the words declared."""
        return self.suggestions

    def _with_prefix_first(self, word: str) -> str:
        """Return the word with ``before`` moved to the front, if it is at the end."""
        if self.either_side and self.before and word.endswith(self.before):
            return self.before + word.removesuffix(self.before)
        return word

    def _fits(self, word: str) -> bool:
        word = self._with_prefix_first(word)
        enclosed = word.startswith(self.before) and word.endswith(self.after)
        return enclosed and re.match(self.shape, word) is not None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words.

    Attributes
    ----------
    name : the field
    what : what errors call it
    allowed : the words that it takes, in any form of the command
    here : those of this form (default: all)
    """

    name: str
    what: str
    allowed: tuple[str, ...]
    here: tuple[str, ...] = ()

    def read(self, name: str, words: Sequence[str], start: int, fields: Fields) -> int:
        """Read the word into the field."""
        if start >= len(words):
            raise MismatchError(start)
        one_of(name, self.what, words[start], self.allowed)
        if words[start] not in self.suggest():
            raise MismatchError(start)
        fields[self.name] = words[start]
        return start + 1

    def write(self, fields: Mapping[str, Any]) -> str | None:
        """Print the field, if its word is one of this form."""
        word = fields[self.name]
        return word if word in self.suggest() else None

    def suggest(self) -> tuple[str, ...]:
        """Suggest the words of this form."""
        return self.here or self.allowed

    @property
    def usage(self) -> str:
        """The words of this form."""
        return "|".join(self.suggest())


@dataclass(frozen=True, slots=True)
class Rest:
    """All words that are left, at least one.

    Attributes
    ----------
    name : the field
    reads : from the words to the field's value
    writes : from the value to the text
    placeholder : how usage shows the words (default: the field's name in capitals)
    """

    name: str
    reads: Callable[[Sequence[str]], Any] = tuple
    writes: Callable[[Any], str] = " ".join
    suggestions: Suggestions = ()
    placeholder: str = ""

    @property
    def usage(self) -> str:
        """The placeholder."""
        return self.placeholder or self.name.upper()

    def read(self, name: str, words: Sequence[str], start: int, fields: Fields) -> int:
        """Read the words into the field."""
        del name
        if start >= len(words):
            raise MismatchError(start)
        fields[self.name] = self.reads(words[start:])
        return len(words)

    def write(self, fields: Mapping[str, Any]) -> str:
        """Print the field."""
        return self.writes(fields[self.name])

    def suggest(self) -> Suggestions:
        """Suggest the words declared."""
        return self.suggestions


@dataclass(frozen=True, slots=True)
class Listed:
    """Values with commas between them, up to a fixed word: ``x0.1, x1 for``.

    Attributes
    ----------
    name : the field
    until : the fixed word
    placeholder : how usage shows a value
    """

    name: str
    until: str
    placeholder: str

    @property
    def usage(self) -> str:
        """The placeholder of a value, and the fixed word."""
        return f"{self.placeholder}, ... {self.until}"

    def read(self, name: str, words: Sequence[str], start: int, fields: Fields) -> int:
        """Read the values, and the word after them."""
        del name
        ends = [index for index, word in enumerate(words) if word == self.until]
        if not ends or ends[-1] <= start:
            raise MismatchError(len(words), self.until)
        values = " ".join(words[start : ends[-1]]).split(",")
        fields[self.name] = tuple(value.strip() for value in values)
        return ends[-1] + 1

    def write(self, fields: Mapping[str, Any]) -> str:
        """Print the values, and the word after them."""
        return f"{', '.join(fields[self.name])} {self.until}"

    def suggest(self) -> Suggestions:
        """Suggest nothing: the values are numbers."""
        return ()


@dataclass(frozen=True, slots=True)
class Option:
    """``KEY=VALUE`` as the last word, which can be left out where the value is the default.

    Attributes
    ----------
    name : the field, and the key
    reads : from the command's name and the word's value to the field's value
    placeholder : how usage shows the value
    """

    name: str
    reads: Callable[[str, str], Any]
    default: Any
    placeholder: str

    @property
    def usage(self) -> str:
        """The key and the placeholder, in brackets."""
        return f"[{self.name}={self.placeholder}]"

    def read(self, name: str, words: Sequence[str], start: int, fields: Fields) -> int:
        """Read the value, if the key is there."""
        key = f"{self.name}="
        if start >= len(words) or not words[start].startswith(key):
            return start
        fields[self.name] = self.reads(name, words[start].removeprefix(key))
        return start + 1

    def write(self, fields: Mapping[str, Any]) -> str:
        """Print the key and the value, unless it is the default."""
        value = fields[self.name]
        return "" if value == self.default else f"{self.name}={value}"

    def suggest(self) -> Suggestions:
        """Suggest the key."""
        return (f"{self.name}=",)
