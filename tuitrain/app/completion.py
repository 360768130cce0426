"""Completion of the command line."""

from __future__ import annotations

from collections.abc import Iterable

from tuitrain.commands import VOCABULARY, Names, Suggestions, find_spec
from tuitrain.run.snapshot import Snapshot


def completions(line: str, snapshot: Snapshot | None) -> list[str]:
    """Return the lines that complete the last word of ``line``, best first."""
    words = line.split()
    if not words:
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
    """Return the usage and the summary of the line's command, or the names of all commands."""
    words = line.split()
    spec = find_spec(words[0]) if words else None
    if spec is None:
        return "  ".join(spec.name for spec in VOCABULARY)
    return f"{spec.usage}   {spec.summary}"


def _candidates(before: list[str], snapshot: Snapshot | None) -> Iterable[str]:
    """Return the words that may come next."""
    if not before:
        return [spec.name for spec in VOCABULARY]
    spec = find_spec(before[0])
    if spec is None:
        return []
    if before[:2] == ["break", "off"]:
        return _breakpoints(before, snapshot)
    matches: dict[str, None] = {}
    for form in spec.forms:
        suggestions = form.suggest(spec.name, before[1:])
        matches |= dict.fromkeys(_words(suggestions, before, snapshot))
    return matches


def _words(suggestions: Suggestions, before: list[str], snapshot: Snapshot | None) -> list[str]:
    """Return suggested words, with the names that the run has."""
    if not isinstance(suggestions, Names):
        return list(suggestions)
    if snapshot is None:
        return ["*"] if suggestions in (Names.TARGETS, Names.PARAMETER_TARGETS) else []
    groups = [group.name for group in snapshot.groups]
    parameters = [parameter.name for group in snapshot.groups for parameter in group.parameters]
    match suggestions:
        case Names.GROUPS:
            return groups
        case Names.TARGETS:
            return [*groups, "*"]
        case Names.PARAMETER_TARGETS:
            return [*groups, *parameters, "*"]
        case Names.PARAMETERS:
            return parameters
        case Names.OPTIMIZERS:
            return [choice.name for choice in snapshot.optimizers]
        case Names.SETTINGS:
            return _settings(before[2], snapshot)
        case Names.PAST:
            return _past(snapshot)
        case Names.BRANCHES:
            return [branch.name for branch in reversed(snapshot.branches)]
        case Names.METRICS:
            return [info.name for info in snapshot.info.metrics]


def _breakpoints(before: list[str], snapshot: Snapshot | None) -> list[str]:
    """Return what may follow in the line that removes one of the breakpoints of the run."""
    conditions = snapshot.breakpoints if snapshot else ()
    lines = [text.replace(" when", " off", 1).split() for text in conditions]
    place = len(before)
    return [words[place] for words in lines if words[:place] == before and place < len(words)]


def _past(snapshot: Snapshot) -> list[str]:
    """Return the checkpoints and steps that a run can go back to, newest first."""
    steps = sorted({intervention.step for intervention in snapshot.interventions}, reverse=True)
    return [*reversed(snapshot.checkpoints), *map(str, steps)]


def _settings(optimizer: str, snapshot: Snapshot) -> list[str]:
    keys = [
        key
        for choice in snapshot.optimizers
        if choice.name == optimizer
        for key, _ in choice.defaults
    ]
    return ["lr=", *(f"{key}=" for key in keys), "state=carry", "state=reset"]
