"""Completion of the command line."""

from __future__ import annotations

from collections.abc import Iterable

from tuitrain.commands import RULE_SPECS, VOCABULARY, Names, Suggestions, find_spec
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
        return _set_conditions(before, snapshot.breakpoints if snapshot else ())
    if before[:2] == ["when", "off"]:
        return _set_conditions(before, [rule.text for rule in snapshot.rules] if snapshot else ())
    if before[0] == "when" and "do" in before:
        return _in_rule(before[before.index("do") + 1 :], snapshot)
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
            return [info.name for info in snapshot.reported_metrics]


def _set_conditions(before: list[str], texts: Iterable[str]) -> list[str]:
    """Return the completions of a line that removes a breakpoint or a rule of the run.

    Parameters
    ----------
    texts : the commands that have set them
    """
    conditions = [text.partition("when ")[2].partition(" do ")[0].split() for text in texts]
    condition, place = before[2:], len(before) - 2
    return [
        words[place] for words in conditions if words[:place] == condition and place < len(words)
    ]


def _in_rule(words: list[str], snapshot: Snapshot | None) -> Iterable[str]:
    """Return the words that may come next in the commands of a rule."""
    ends = [index for index, word in enumerate(words) if word.endswith(";")]
    before = words[ends[-1] + 1 :] if ends else words
    if before[:1] == ["at"]:
        return {1: ["most"], 3: ["times"]}.get(len(before), [])
    names = [spec.name for spec in RULE_SPECS]
    if not before:
        return [*names, "at"] if ends else names
    return _candidates(before, snapshot) if before[0] in names else []


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
