"""The answers of the tools: those of ``tuitrain ctl --json``, bounded for a model's context."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from tuitrain.encoding import ascii_json
from tuitrain.errors import TuitrainError, did_you_mean
from tuitrain.remote.control.replies import GroupsReply, JournalReply, ListedRun, MetricsReply

MAX_RUNS: Final = 50
"""Maximum number of runs of an answer."""

MAX_GROUPS: Final = 50
"""Maximum number of groups of an answer."""

MAX_PARAMETERS: Final = 200
"""Maximum number of parameters of an answer, of all groups together."""

MAX_VALUES: Final = 2000
"""Maximum number of values of all curves of an answer."""

MAX_TEXT: Final = 500
"""Maximum number of characters of a string, such as the message of a refusal."""

MAX_LIST: Final = 100
"""Maximum length of a list that has no other limit, such as that of checkpoints."""

DIGITS: Final = 6
"""Significant digits of a number: more have no use for a model."""

_IDS: Final = ("id", "scheduled_ids")


def points_for(names: int, points: int) -> int:
    """Return how many points each of some curves may have."""
    return max(2, min(points, MAX_VALUES // max(1, names)))


def plain(reply: Any) -> dict[str, Any]:
    """Return an answer as plain values.

    Numbers that are not finite are None, others have `DIGITS` digits. Ids of commands are texts:
    JSON numbers of other languages do not hold them. Long texts and lists are cut.
    """
    value = _plain("", msgspec.to_builtins(reply))
    assert isinstance(value, dict)
    return value


def to_json(answer: dict[str, Any]) -> str:
    """Return an answer as a line of JSON."""
    return ascii_json(answer)


def runs_answer(runs: Sequence[ListedRun]) -> dict[str, Any]:
    """Return the live runs, without curves."""
    shown = [msgspec.structs.replace(run, curve=[]) for run in runs[:MAX_RUNS]]
    answer: dict[str, Any] = {"runs": [plain(run) for run in shown]}
    return answer | _left_out(len(runs) - len(shown))


def groups_answer(reply: GroupsReply, names: Sequence[str], has_parameters: bool) -> dict[str, Any]:
    """Return the groups that names or globs choose.

    Raises
    ------
    TuitrainError : a name fits none; lists the groups
    """
    known = [group.name for group in reply.groups]
    for name in names:
        if not any(fnmatchcase(group, name) for group in known):
            listed = ", ".join(known[:MAX_GROUPS])
            hint = did_you_mean(name, known)
            raise TuitrainError(f"no group is called {name!r:.60}{hint} (groups: {listed})")
    chosen = [
        group
        for group in reply.groups
        if not names or any(fnmatchcase(group.name, name) for name in names)
    ]
    groups: list[dict[str, Any]] = []
    parameters_left = MAX_PARAMETERS if has_parameters else 0
    for group in chosen[:MAX_GROUPS]:
        parameters = group.parameters[:parameters_left]
        parameters_left -= len(parameters)
        shown = plain(msgspec.structs.replace(group, parameters=parameters))
        if len(parameters) < len(group.parameters):
            shown = {**shown, "parameters": len(group.parameters)}
            if parameters:
                shown["first_parameters"] = [plain(row) for row in parameters]
        groups.append(shown)
    return {"step": reply.step, "groups": groups} | _left_out(len(chosen) - len(groups))


def metrics_answer(reply: MetricsReply) -> dict[str, Any]:
    """Return curves; at most `MAX_VALUES` values, if each has at most `points_for` points."""
    curves = {
        name: {
            "steps": series.steps,
            "values": [rounded(value) for value in series.values],
            "of": series.of,
        }
        for name, series in reply.metrics.items()
    }
    return {"step": reply.step, "metrics": curves}


def journal_answer(reply: JournalReply, is_newest: bool, limit: int) -> dict[str, Any]:
    """Return entries of the journal: the newest, or the first of those that follow a place."""
    entries = reply.entries[-limit:] if is_newest else reply.entries[:limit]
    place = reply.next if is_newest or not entries else entries[-1].index + 1
    answer = {"step": reply.step, "entries": [plain(entry) for entry in entries], "next": place}
    return answer | _left_out(len(reply.entries) - len(entries))


def rounded(value: float) -> float | None:
    """Return a number with `DIGITS` digits; None if it is not finite."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _left_out(count: int) -> dict[str, int]:
    return {"left_out": count} if count > 0 else {}


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(str(name), part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(key, part) for part in value[:MAX_LIST]]
    if isinstance(value, float):
        return rounded(value)
    if key in _IDS and isinstance(value, int):
        return str(value)
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return value[: MAX_TEXT - 1] + "…"
    return value
