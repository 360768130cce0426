"""The tags of rows: the one name that a value has in TensorBoard and in W&B."""

from __future__ import annotations

from tuitrain.encoding import to_encodable

from .rows import Histogram, Row, Scalar


def tag_of(row: Row) -> str:
    """Return the tag of a row: ``lr/conv`` for the learning rate of a group."""
    if isinstance(row, Histogram):
        return to_encodable(f"{row.name}/{row.parameter}")
    if isinstance(row, Scalar) and row.group:
        return to_encodable(f"{row.name}/{row.group}")
    return to_encodable(row.name)
