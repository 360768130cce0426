"""Snapshots as bytes, for one viewer."""

from __future__ import annotations

from tuitrain.run.snapshot import Snapshot

from .shared_parts import PreparedSnapshot, SharedParts


class SnapshotEncoder:
    """Encodes the snapshots that one viewer gets, each as a difference to the one before.

    Parameters
    ----------
    shared : given to the encoders of all viewers of a run, so that each part is encoded once
        (default: shared with none)
    """

    def __init__(self, shared: SharedParts | None = None) -> None:
        self._shared = shared or SharedParts()
        self._sent: PreparedSnapshot | None = None

    def encode(self, snapshot: Snapshot) -> bytes:
        """Return a snapshot as bytes, for a viewer that has got all of the ones before.

        Raises
        ------
        RemoteDataError : it has a value that cannot be sent; the next snapshot is encoded whole
        """
        sent, self._sent = self._sent, None
        prepared = self._shared.prepare(snapshot)
        frame = prepared.frame(sent)
        self._sent = prepared
        return frame

    def reset(self) -> None:
        """Encode the next snapshot whole, because the viewer may lack the last one."""
        self._sent = None
