"""Completion of the command line: which lines a half-typed one could become."""

from __future__ import annotations

from typing import Final, get_args, get_type_hints

from tuitrain.commands import VOCABULARY, SetSchedule
from tuitrain.commands.vocabulary import find_spec
from tuitrain.run.snapshot import Snapshot

_TARGETED: Final = ("freeze", "thaw", "lr", "decay", "schedule", "optimizer")
_TAKES_PARAMETERS: Final = ("freeze", "thaw")
_SCHEDULES: Final[tuple[str, ...]] = get_args(get_type_hints(SetSchedule)["kind"])
_EXAMPLE_GROUPS: Final = ("conv", "fc")
"""The groups that the vocabulary's examples are about."""

_UNITS: Final = ["epochs", "steps"]


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
    known = find_spec(words[0]) if words else None
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
    if name == "break":
        return _breakpoints(before, snapshot)
    if name in ("rewind", "branch") and place == 1:
        return _past(name, snapshot)
    return _words(before, snapshot)


def _words(before: list[str], snapshot: Snapshot | None) -> list[str]:
    """Return the words that may follow a verb and its target."""
    match before[0], len(before):
        case "thaw", 2:
            return ["keep", "reset"]
        case "decay", 2:
            return ["over"]
        case "decay", 4:
            return _UNITS
        case "schedule", 2:
            return list(_SCHEDULES)
        case "schedule", place:
            return _schedule(before[2], place) if place > 2 else []
        case "clip", 1:
            return ["norm", "value", "off"]
        case "try", 1:
            return ["lr"]
        case "try", 2:
            return [*(group.name for group in snapshot.groups), "*"] if snapshot else ["*"]
        case "optimizer", 2:
            return [choice.name for choice in snapshot.optimizers] if snapshot else []
        case "optimizer", _:
            return _settings(before[2], snapshot)
    return []


def _breakpoints(before: list[str], snapshot: Snapshot | None) -> list[str]:
    """Return what may follow: as in the examples, with any group, or of what is set."""
    if before[1:2] == ["off"]:
        lines = (
            [each.replace(" when", " off", 1) for each in snapshot.breakpoints] if snapshot else []
        )
    else:
        known = find_spec("break")
        lines = [*(known.examples if known else ()), "break off"]
    groups = [group.name for group in snapshot.groups] if snapshot else []
    found = []
    for words in (line.split() for line in lines):
        place = len(before)
        if place < len(words) and _alike(words[:place], before, groups):
            found += (
                groups if words[place] in _EXAMPLE_GROUPS and words[1] == "when" else [words[place]]
            )
    return list(dict.fromkeys(found))


def _alike(example: list[str], before: list[str], groups: list[str]) -> bool:
    """Whether words begin like an example, in which any group may stand for another."""
    return all(
        one == other or (one in _EXAMPLE_GROUPS and other in groups)
        for one, other in zip(example, before, strict=True)
    )


def _schedule(kind: str, place: int) -> list[str]:
    """Return what stands at that place after a kind of schedule; numbers are not guessed."""
    match kind:
        case "exponential":
            words = {4: ["per"], 5: ["epoch", "step"], 6: ["warmup="]}
        case "milestones":
            words = {4: ["at"], 6: _UNITS, 7: ["warmup="]}
        case _:
            words = {3: ["to"], 5: ["over"], 7: _UNITS, 8: ["warmup="]}
    return words.get(place, [])


def _past(name: str, snapshot: Snapshot | None) -> list[str]:
    """Return what can be gone back to, the newest first: checkpoints and steps, or branches."""
    if snapshot is None:
        return []
    if name == "branch":
        return [branch.name for branch in reversed(snapshot.branches)]
    made = {each.step for each in snapshot.interventions}
    steps = [str(step) for step in sorted(made, reverse=True)]
    return [*reversed(snapshot.checkpoints), *steps]


def _settings(optimizer: str, snapshot: Snapshot | None) -> list[str]:
    choices = snapshot.optimizers if snapshot else ()
    keys = [key for each in choices if each.name == optimizer for key, _ in each.defaults]
    return ["lr=", *(f"{key}=" for key in keys), "state=carry", "state=reset"]
