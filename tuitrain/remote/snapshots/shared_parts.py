"""The encoded parts that several viewers share: each is encoded once.

The snapshots of viewers differ in the requested views. All their other fields are the
same objects, which is how the parts are recognized.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tuitrain.run.snapshot import Snapshot

from .parts import PARTS


@dataclass(eq=False)
class _NewestPart:
    """The newest prepared value of a part, and its differences to earlier ones."""

    prepared: Any
    differences: list[tuple[Any, bytes | None]] = field(
        default_factory=list[tuple[Any, bytes | None]]
    )


class SharedParts:
    """Prepares and encodes the parts of a run's snapshots for all viewers. Use it from one thread.

    It keeps the newest value of each part and no earlier ones.
    """

    def __init__(self) -> None:
        self._newest: dict[str, _NewestPart] = {}

    def prepare(self, snapshot: Snapshot, sent: dict[str, Any]) -> dict[str, Any]:
        """Return the prepared values of all parts.

        Parameters
        ----------
        sent : those of the last snapshot that the viewer got; may be empty
        """
        return {name: self._prepare(name, snapshot, sent.get(name)) for name in PARTS}

    def difference(self, name: str, old: Any, new: Any) -> bytes | None:
        """Return the difference of two prepared values, encoded; None if there is none."""
        newest = self._newest[name]
        if newest.prepared is not new:
            return PARTS[name].difference(old, new)
        for known, content in newest.differences:
            if known is old:
                return content
        content = PARTS[name].difference(old, new)
        newest.differences.append((old, content))
        return content

    def _prepare(self, name: str, snapshot: Snapshot, sent: Any) -> Any:
        part = PARTS[name]
        newest = self._newest[name].prepared if name in self._newest else None
        for known in (newest, sent):
            if known is not None and part.is_of(known, snapshot):
                return known
        prepared = part.prepare(snapshot, newest)
        self._newest[name] = _NewestPart(prepared)
        return prepared
