"""The parts of a snapshot by name; fields that are not named here are plain values."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from tuitrain.run.snapshot import Snapshot

from .curves.curves_part import CurvesPart
from .groups_part import GroupsPart
from .histories_part import HistoriesPart
from .list_parts import ListPart, LogPart
from .part import Part
from .plain_part import ArraysPart, PlainPart

_OWN_FORMS: Final[dict[str, Part]] = {
    "curves": CurvesPart(),
    "groups": GroupsPart(),
    "histories": HistoriesPart(),
    "journal": ListPart("journal"),
    "interventions": ListPart("interventions"),
    "log": LogPart(),
    "inspection": ArraysPart("inspection"),
}
_COVERED: Final = {name for part in _OWN_FORMS.values() for name in part.fields}

PARTS: Final[dict[str, Part]] = {
    **{
        field.name: PlainPart(field.name)
        for field in fields(Snapshot)
        if field.name not in _COVERED
    },
    **_OWN_FORMS,
}
"""All parts of a snapshot."""
