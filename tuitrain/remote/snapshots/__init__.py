"""Snapshots of a run, and requests of inspections, as bytes for other processes."""

from .decoder import SnapshotDecoder
from .encoder import SnapshotEncoder
from .errors import RemoteDataError
from .frame import FORMAT_VERSION
from .requests import decode_request, encode_request
from .shared_parts import SharedParts

__all__ = [
    "FORMAT_VERSION",
    "RemoteDataError",
    "SharedParts",
    "SnapshotDecoder",
    "SnapshotEncoder",
    "decode_request",
    "encode_request",
]
