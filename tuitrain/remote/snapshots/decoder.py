"""Snapshots from bytes, for one connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from tuitrain.errors import did_you_mean
from tuitrain.run.snapshot import Snapshot

from .curves.curves_part import CurvesPart
from .errors import RemoteDataError
from .frame import Frame, read_frame
from .part import Part
from .parts import PARTS


class _Received(NamedTuple):
    """The last snapshot, with the states of its parts."""

    snapshot: Snapshot
    states: dict[str, Any]


class SnapshotDecoder:
    """Decodes the snapshots that one `SnapshotEncoder` has encoded, in their order.

    Parameters
    ----------
    thins_curves : whether older points of long curves become means, for a screen that watches for
        hours; a program that reads values gets all of them
    """

    def __init__(self, thins_curves: bool = False) -> None:
        self._parts = {**PARTS, "curves": CurvesPart(thins=True)} if thins_curves else PARTS
        self._last: _Received | None = None

    def decode(self, data: bytes) -> Snapshot:
        """Return a snapshot, with read-only arrays. Its unchanged parts are those of the last one.

        Raises
        ------
        RemoteDataError : the data is malformed, of another version, or a difference to a snapshot
            that is not the last one decoded; the next one decoded must be whole
        """
        last, self._last = self._last, None
        frame = read_frame(data)
        _check_names(frame)
        if frame.base is None:
            received = _read_whole(frame, self._parts)
        else:
            received = _read_difference(frame, _base(frame.base, last), self._parts)
        self._last = received
        return received.snapshot


def _check_names(frame: Frame) -> None:
    for name in frame.parts:
        if name not in PARTS:
            hint = did_you_mean(name, PARTS)
            raise RemoteDataError(f"a snapshot has no part {name!r:.60}{hint}")


def _base(version: int, last: _Received | None) -> _Received:
    """Return the last snapshot, if it has this version."""
    if last is None or last.snapshot.version != version:
        known = f"the last one here is {last.snapshot.version}" if last else "there is none here"
        raise RemoteDataError(f"a snapshot is a difference to snapshot {version}, but {known}")
    return last


def _read_whole(frame: Frame, parts: Mapping[str, Part]) -> _Received:
    states = {name: parts[name].apply(None, data) for name, data in frame.parts.items()}
    try:
        return _Received(Snapshot(**_values(states)), states)
    except TypeError:
        missing = [name for name in ("version", "info", "phase") if name not in states]
        raise RemoteDataError(f"a snapshot lacks {', '.join(missing)}") from None


def _read_difference(frame: Frame, base: _Received, parts: Mapping[str, Part]) -> _Received:
    changed = {
        name: parts[name].apply(base.states.get(name), data) for name, data in frame.parts.items()
    }
    return _Received(replace(base.snapshot, **_values(changed)), {**base.states, **changed})


def _values(states: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the fields that parts cover."""
    return {
        field: value
        for name, state in states.items()
        for field, value in PARTS[name].values(state).items()
    }
