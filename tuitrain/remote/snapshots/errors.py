"""The error of data from the other side of a connection."""

from __future__ import annotations

from tuitrain.errors import TuitrainError


class RemoteDataError(TuitrainError):
    """Data that cannot be sent, or that was received and cannot be read."""
