"""Completion of the command line: which lines a half-typed one could become."""

from __future__ import annotations

from typing import Final

from tuitrain.commands import VOCABULARY
from tuitrain.commands.vocabulary import verb
from tuitrain.run.snapshot import Snapshot

_TARGETED: Final = ("freeze", "thaw", "lr", "decay", "optimizer")
_TAKES_PARAMETERS: Final = ("freeze", "thaw")


def completions(line: str, snapshot: Snapshot | None) -> list[str]:
    """Return the whole lines that complete the last word of ``line``, best first."""
    words = line.split()
    if not line.strip():
        return []
    if line.endswith(" "):
        words.append("")
    *before, last = words
    start = " ".join([*before, ""]) if before else ""
    return [
        start + word
        for word in _candidates(before, snapshot)
        if word.startswith(last) and word != last
    ]


def usage(line: str) -> str:
    """Return how the verb that a line begins with is written and what it does, or all verbs."""
    words = line.split()
    known = verb(words[0]) if words else None
    if known is None:
        return "  ".join(each.name for each in VOCABULARY)
    return f"{known.usage}   {known.summary}"


def _candidates(before: list[str], snapshot: Snapshot | None) -> list[str]:
    """Return the words that may follow those before."""
    if not before:
        return [each.name for each in VOCABULARY]
    name, place = before[0], len(before)
    groups = [group.name for group in snapshot.groups] if snapshot else []
    parameters = (
        [each.name for group in snapshot.groups for each in group.parameters] if snapshot else []
    )
    if name == "group":
        return groups if place == 1 else ["="] if place == 2 else parameters
    if name in _TARGETED and place == 1:
        return [*groups, *(parameters if name in _TAKES_PARAMETERS else []), "*"]
    match name, place:
        case "thaw", 2:
            return ["keep", "reset"]
        case "decay", 2:
            return ["over"]
        case "decay", 4:
            return ["epochs", "steps"]
        case "optimizer", 2:
            return [choice.name for choice in snapshot.optimizers] if snapshot else []
        case "optimizer", _:
            return _settings(before[2], snapshot)
    return []


def _settings(optimizer: str, snapshot: Snapshot | None) -> list[str]:
    choices = snapshot.optimizers if snapshot else ()
    keys = [key for each in choices if each.name == optimizer for key, _ in each.defaults]
    return ["lr=", *(f"{key}=" for key in keys), "state=carry", "state=reset"]
