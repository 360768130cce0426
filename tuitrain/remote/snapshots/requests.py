"""Requests of inspections as plain values, for use inside of other messages."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tuitrain.engines.inspection import InspectionRequest

from .values import ValueCodec, decode, encode

_REQUESTS: Final = ValueCodec[InspectionRequest | None](
    InspectionRequest | None, "a request of an inspection"
)
_PLAIN: Final = msgspec.msgpack.Decoder(Any)


def encode_request(request: InspectionRequest | None) -> Any:
    """Return a request as lists, dicts and texts that msgspec can encode; None for none."""
    return decode(_REQUESTS.encode(request), _PLAIN, "a request of an inspection")


def decode_request(plain: Any) -> InspectionRequest | None:
    """Return the request for the value that `encode_request` returned.

    Raises
    ------
    RemoteDataError : it is not a request
    """
    return _REQUESTS.decode(encode(plain))
