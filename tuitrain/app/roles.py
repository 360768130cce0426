"""The roles of texts: a role says what a text *is* (``bad``, ``muted``).

Only the stylesheet says how it looks.
"""

from __future__ import annotations

from typing import Final, TypeAlias

Role: TypeAlias = str

GROUP_ROLES: Final = tuple(f"group-{index}" for index in range(6))
"""The roles of groups, reused from the seventh group on."""

ROLES: Final[tuple[Role, ...]] = (
    "text",
    "strong",
    "muted",
    "faint",
    "accent",
    "good",
    "warning",
    "bad",
    "frozen",
    "curve",
    "curve-2",
    "band",
    "ghost",
    "alert",
    "key",
    *GROUP_ROLES,
)


def role_class(role: Role) -> str:
    """Return the component class of a role in the stylesheet."""
    return f"role-{role}"
