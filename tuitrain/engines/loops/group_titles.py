"""The names of groups that are made of a script's ``param_groups``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tuitrain.commands import is_name


class GroupEntry(Protocol):
    """An entry of ``param_groups``."""

    @property
    def members(self) -> frozenset[str]:
        """The names of its parameters."""
        ...

    @property
    def values(self) -> Mapping[str, Any]:
        """The entry itself."""
        ...


def group_titles(entries: Sequence[GroupEntry]) -> list[str]:
    """Return a name for each group, all different.

    It is the entry's ``name``; without one, the module that all of its parameters belong to;
    else ``group`` and its number, or ``all`` for the only group. An entry without parameters is no
    group, and its name is "".
    """
    titles: list[str] = []
    groups = sum(1 for entry in entries if entry.members)
    for index, entry in enumerate(entries):
        if not entry.members:
            titles.append("")
            continue
        modules = {name.partition(".")[0] for name in entry.members}
        label = entry.values.get("name")
        default = "all" if groups == 1 else f"group{index}"
        title = label if isinstance(label, str) and is_name(label) else default
        if label is None and len(modules) == 1 and groups > 1:
            title = modules.pop()
        titles.append(title if title not in titles else f"group{index}")
    return titles
