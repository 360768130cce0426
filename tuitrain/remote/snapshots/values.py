"""Typed values as msgpack: dataclasses, their unions, tuples, mappings, arrays and plain values."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, Generic, TypeVar, cast

import msgspec

from tuitrain.decoding import describe_decode_error
from tuitrain.encoding import to_encodable
from tuitrain.errors import join_or

from .arrays import ArrayData, ArrayRows, class_name, to_plain, unpack_array
from .errors import RemoteDataError
from .wire_types import TaggedValue, field_types, has_union, union_members, wire_type

_Value = TypeVar("_Value")

_LONGEST_PROBLEM: Final = 300
"""Characters of a problem, which may repeat names from the data."""

Packed = bytes | msgspec.Raw
"""A value as msgpack."""


def encode(value: Any, pack: Callable[[Any], Any] = to_plain) -> bytes:
    r"""Return a value as msgpack.

    Characters that UTF-8 cannot hold, of file names, are written as ``\udcff``.

    Parameters
    ----------
    pack : returns arrays, and other values that msgspec cannot encode, as values that it can

    Raises
    ------
    RemoteDataError : it has a value of a type that cannot be sent, or a number of more than 64 bits
    """
    try:
        try:
            return msgspec.msgpack.encode(value, enc_hook=pack)
        except UnicodeEncodeError:
            plain = msgspec.to_builtins(value, enc_hook=pack, builtin_types=(bytes,))
            return msgspec.msgpack.encode(_encodable(plain))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise RemoteDataError(f"a value cannot be sent: {error}") from None


def decode(data: Packed, decoder: msgspec.msgpack.Decoder[_Value], what: str) -> _Value:
    """Decode msgpack.

    Parameters
    ----------
    what : names the value in errors

    Raises
    ------
    RemoteDataError : it is not msgpack, or not of the decoder's type
    """
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise _refusal(what, error) from None


def unpack_whole(kind: type, data: Any) -> Any:
    """Return the array for the data of one, or an array that is a default."""
    del kind
    if isinstance(data, ArrayRows):
        raise RemoteDataError("an array continues another one, but none came before")
    return unpack_array(data) if isinstance(data, ArrayData) else data


class ValueCodec(Generic[_Value]):
    """Encodes and decodes values of one type.

    Parameters
    ----------
    hint : the type, which may be a union of dataclasses
    what : names the values in errors
    """

    def __init__(self, hint: Any, what: str) -> None:
        self._hint = hint
        self._what = what

    def encode(self, value: _Value, pack: Callable[[Any], Any] = to_plain) -> bytes:
        """Return a value as msgpack; see `encode`."""
        return encode(_to_wire(value, self._hint, pack), pack)

    def decode(self, data: Packed, unpack: Callable[[type, Any], Any] = unpack_whole) -> _Value:
        """Return the value, with read-only arrays.

        Parameters
        ----------
        unpack : returns an array, given its type and what it was encoded to

        Raises
        ------
        RemoteDataError : the data is malformed, of another type, or has an unknown field
        """
        return _from_wire(data, self._hint, self._what, unpack)


@cache
def _wire_decoder(hint: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(wire_type(hint))


def _to_wire(value: Any, hint: Any, pack: Callable[[Any], Any]) -> Any:
    if value is None or not has_union(hint):
        return value
    if members := union_members(hint):
        name = class_name(value)
        if name not in members or not isinstance(value, members[name]):
            raise RemoteDataError(f"{name} cannot be sent; {join_or(members)} can")
        return TaggedValue(name, msgspec.Raw(encode(_to_wire(value, members[name], pack), pack)))
    hints = field_types(hint)
    return {name: _to_wire(getattr(value, name), hints[name], pack) for name in hints}


def _from_wire(data: Packed, hint: Any, what: str, unpack: Callable[[type, Any], Any]) -> Any:
    return _to_value(decode(data, _wire_decoder(hint), what), hint, what, unpack)


def _to_value(decoded: Any, hint: Any, what: str, unpack: Callable[[type, Any], Any]) -> Any:
    """Return the value for a decoded wire type."""
    if not has_union(hint):
        try:
            return msgspec.convert(decoded, hint, from_attributes=True, dec_hook=unpack)
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
            raise _refusal(what, error) from None
    if members := union_members(hint):
        if decoded is None:
            return None
        member = members.get(decoded.kind)
        if member is None:
            raise RemoteDataError(
                f"{what}: there is no kind {decoded.kind!r:.60} (known: {', '.join(members)})"
            )
        return _from_wire(decoded.value, member, what, unpack)
    values = {
        name: _to_value(getattr(decoded, name), kind, what, unpack)
        for name, kind in field_types(hint).items()
    }
    return hint(**values)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return to_encodable(value)
    if isinstance(value, dict):
        items = cast("dict[Any, Any]", value).items()
        return {_encodable(key): _encodable(item) for key, item in items}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in cast("list[Any]", value)]
    return value


def _refusal(what: str, error: Exception) -> RemoteDataError:
    """Return the error for data that msgspec refuses, on one line and not too long."""
    problem = " ".join(describe_decode_error(error).split())
    return RemoteDataError(f"{what}: {problem:.{_LONGEST_PROBLEM}}")
