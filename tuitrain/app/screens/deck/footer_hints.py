"""The hints in the footer of a deck: the keys with their present effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tuitrain.run.snapshot import Phase, Snapshot

from ...keys import Key
from ...keys.keymap import key_table_of
from ...keys.other_screens import RECORDING_KEYS
from ...renderables.footer import Hint
from .deck import Deck
from .row_selection import RowSelection
from .timeline_cursor import TimelineCursor

_ALWAYS_ACT: Final = ("help", "quit", "app.command_palette", "earlier", "rewind_here")
_ACT_UNLESS_FAILED: Final = (
    *("undo", "redo", "rewind", "keep", "branch", "command", "what_if", "save"),
)
_NEED_A_WAY_BACK: Final = ("undo", "redo", "rewind", "rewind_here", "branch")

_DECK_KEYS_OF_A_RECORDING: Final = (
    ("]", "chart", "metric(1)", 6),
    ("R", "runs", "runs", 2),
    ("x", "read", "toggle_cursor", 7),
    ("E", "export", "export", 8),
    ("?", "help", "help", 0),
    ("q", "quit", "quit", 0),
)


def deck_hints(deck: Deck, selection: RowSelection, cursor: TimelineCursor) -> list[Hint]:
    """Return the hints over a run: the keys that act now; a read-only screen has none to steer."""
    if (snapshot := deck.snapshot) is None:
        return []
    labels: dict[str, str] = {}
    if snapshot.phase is Phase.PAUSED:
        labels["toggle_pause"] = "resume"
    if selection.is_frozen:
        labels["toggle_freeze"] = "thaw"
    step = cursor.step
    if step is not None and step <= snapshot.step and not deck.read_only:
        labels["rewind_here"] = "rewind there"
    return [
        _hint(key, labels)
        for key in key_table_of(deck.app)
        if labels.get(key.action, key.label)
        and acts_in(key, snapshot.phase, deck.read_only)
        and not _needed_by(key, snapshot)
    ]


def recording_hints(playing: bool) -> list[Hint]:
    """Return the hints over a recording."""
    labels = {"play": "stop"} if playing else {}
    hints = [_hint(key, labels) for key in RECORDING_KEYS if key.label]
    return hints + [
        Hint(key, label, label, action, drop_order=spare)
        for key, label, action, spare in _DECK_KEYS_OF_A_RECORDING
    ]


def acts_in(key: Key, phase: Phase, read_only: bool = False) -> bool:
    """Return whether a key does more in this phase than show why it does nothing."""
    steers = bool(key.verbs) or key.action == "command"
    if read_only and steers:
        return False
    if not phase.ended or key.action in _ALWAYS_ACT:
        return True
    return key.action in _ACT_UNLESS_FAILED and not phase.is_broken


def _needed_by(key: Key, snapshot: Snapshot) -> str:
    """Return what a key needs and the run lacks, as the reason; "" for nothing."""
    if key.action in _NEED_A_WAY_BACK:
        return snapshot.no_way_back
    return snapshot.no_lr_sweep if key.action == "try" else ""


def _hint(key: Key, labels: Mapping[str, str]) -> Hint:
    """Return a key's hint; ``labels`` replaces labels by action."""
    return Hint(
        key.written,
        labels.get(key.action, key.label),
        labels.get(key.action, key.compact_label),
        key.action,
        drop_order=key.drop_order,
    )
