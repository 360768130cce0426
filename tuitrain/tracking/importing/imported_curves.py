"""Which tag of a log is the loss, and how its others are called as metrics."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from tuitrain.errors import TuitrainError, did_you_mean
from tuitrain.metric_info import RESERVED_NAMES
from tuitrain.text import visible

from .event_values import FileValues

_HELD_OUT: Final = re.compile(r"val|test|eval|dev", re.IGNORECASE)
"""Parts of tags that are measured on other data than the training's."""

_ACCURACY: Final = re.compile(r"acc", re.IGNORECASE)
_UNNAMEABLE: Final = re.compile(r'[\x00"\\:]+')

MAX_NAME: Final = 100
"""Characters of a metric's name."""


def count_values(files: Iterable[FileValues]) -> dict[str, int]:
    """Return the number of values by tag."""
    counts: dict[str, int] = {}
    for file in files:
        for tag, values in file.items():
            counts[tag] = counts.get(tag, 0) + len(values)
    return counts


def choose_loss(counts: Mapping[str, int], source: str, wanted: str | None = None) -> str:
    """Return the tag of the training's loss; of a log without one, the tag with most values.

    Parameters
    ----------
    counts : the number of values by tag
    source : the log's name in errors
    wanted : the tag that the user has named

    Raises
    ------
    TuitrainError : there are no values, or not that tag; names the nearest
    """
    if not counts:
        raise TuitrainError(f"{source} has no numbers")
    if wanted is not None:
        if wanted not in counts:
            hint = did_you_mean(wanted, counts)
            shown = ", ".join(sorted(counts)[:10])
            raise TuitrainError(f"{source} has no tag {wanted!r:.80}{hint} (tags: {shown})")
        return wanted
    losses = [tag for tag in counts if "loss" in tag.lower()]
    candidates = [tag for tag in losses if not _HELD_OUT.search(tag)] or losses or list(counts)
    return min(candidates, key=lambda tag: (-counts[tag], len(tag), tag))


def name_metrics(tags: Iterable[str]) -> dict[str, str]:
    """Return names that a record can have for metrics, by tag: the main one first.

    Accuracies on other data than the training's come first, then other accuracies, then the rest
    in the order of the alphabet.
    """
    names: dict[str, str] = {}
    for tag in sorted(tags, key=_rank):
        stem = _UNNAMEABLE.sub("_", _without_invisible(tag))[:MAX_NAME] or "_"
        if stem in RESERVED_NAMES:
            stem = f"log/{stem}"
        name = _free_name(stem, names.values())
        names[tag] = name
    return names


def _without_invisible(tag: str) -> str:
    """Return a tag with a NUL for each character that controls a terminal or has no glyph."""
    return "".join(letter if visible(letter) == letter else "\0" for letter in tag)


def _rank(tag: str) -> tuple[bool, bool, str]:
    is_accuracy = bool(_ACCURACY.search(tag))
    return not is_accuracy, not _HELD_OUT.search(tag), tag


def unit_accuracy(name: str, values: Sequence[float], taken: Collection[str] = ()) -> str:
    """Return the name of a metric: an ``accuracy`` above 1 is in percent, and no share.

    Parameters
    ----------
    taken : the names of all metrics
    """
    is_percent = name == "accuracy" and any(value > 1 for value in values)
    return _free_name("accuracy_percent", taken) if is_percent else name


def _free_name(stem: str, taken: Collection[str]) -> str:
    """Return a name that is not taken: the stem, or the stem with a number from 2."""
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name
