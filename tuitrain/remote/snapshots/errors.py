"""The error of data from the other side of a connection."""

from __future__ import annotations

from tuitrain.errors import UnreachableRunError


class RemoteDataError(UnreachableRunError):
    """Data that cannot be sent, or that was received and cannot be read."""
