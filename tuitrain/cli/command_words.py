"""The words of a command line that argparse alone does not sort: arguments of scripts, options."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Sequence

from tuitrain.errors import TuitrainError, did_you_mean

_SEPARATOR = "--"


def split_repeated_command(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Split off the command that runs a script again: after the folder of its run and ``--``."""
    if list(words[:1]) not in (["replay"], ["resume"]) or _SEPARATOR not in words:
        return words, ()
    before = words[: words.index(_SEPARATOR)]
    has_folder = len(before) > 1 and not before[-1].endswith(".toml")
    return (before, words[len(before) + 1 :]) if has_folder else (words, ())


def split_script_arguments(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Split off the arguments of a script that is run: all words after the first ``--``.

    A path before it must name the script: ``run -- FILE`` is left to argparse.
    """
    if list(words[:1]) != ["run"] or _SEPARATOR not in words:
        return words, ()
    before = words[: words.index(_SEPARATOR)]
    has_script = any(_is_script(word) for word in before[1:])
    return (before, words[len(before) + 1 :]) if has_script else (words, ())


def take_control_words(arguments: argparse.Namespace, rest: Sequence[str]) -> list[str]:
    """Take the words of ``ctl`` that follow an option, as in ``metrics --json loss``.

    Returns
    -------
    Options that it does not have
    """
    options = [word for word in rest if re.match(r"-(?![\d.])", word)]
    arguments.words = [*arguments.words, *(word for word in rest if word not in options)]
    return options


def unknown_word_error(
    word: str, words: Sequence[str], parser: argparse.ArgumentParser
) -> TuitrainError:
    """Return the error for a word that a command does not take.

    Parameters
    ----------
    words : all words of the command line; behind a script, ``word`` may be meant for the script
    """
    hint = _script_hint(word, words)
    if not word.startswith("-"):
        return TuitrainError(
            f"{parser.prog} does not take {word!r}{hint}"
            if hint
            else f"{parser.prog} does not take {word!r}; --help says what it takes"
        )
    options = re.findall(r"--[a-z-]+", parser.format_usage())
    option, known = word.partition("=")[0], list(dict.fromkeys(options))
    match = did_you_mean(option, known)
    return TuitrainError(
        f"{parser.prog} has no option {option}{match} (options: {', '.join(known)}){hint}"
    )


def _script_hint(word: str, words: Sequence[str]) -> str:
    """Return how a word is given to the script before it; "" if there is none."""
    if list(words[:1]) != ["run"] or word not in words:
        return ""
    at = words.index(word)
    if not any(_is_script(before) for before in words[1:at]):
        return ""
    line = shlex.join(["tuitrain", *words[:at], _SEPARATOR, *words[at:]])
    return f"; arguments of a script follow --, as in: {line}"


def _is_script(word: str) -> bool:
    return word.endswith(".py") and not word.startswith("-")
