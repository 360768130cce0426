"""Saving and loading of arrays and plain values, without pickle.

A file is an uncompressed zip archive: ``structure.json`` has dictionaries, lists, tuples, numbers,
text and None, and names an ``.npy`` member in place of each array. Reading it runs no code.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError, UnknownTypeError
from .tensor import Parameter, Tensor, wrap

_STRUCTURE, _VERSION = "structure.json", 1
_PICKLE = b"\x80"
_PLAIN = bool | int | float | str | None


def save(obj: Any, f: Any, **options: Any) -> None:  # noqa: ARG001
    """Write a value to a file.

    Parameters
    ----------
    obj : a tensor, array, number, text, boolean or None, or a dictionary, list or tuple of them
        (a network as its ``state_dict()``)
    f : path, or a file opened for writing in binary mode; a path is replaced when all is written
    options : ignored (MegEngine's choice of pickle)

    Raises
    ------
    UnknownTypeError : the value has a part of another type; names where
    """
    arrays: list[np.ndarray] = []
    structure = {"version": _VERSION, "value": _encode(obj, arrays, "")}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_STRUCTURE, json.dumps(structure))
        for index, array in enumerate(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(f"{index}.npy", member.getvalue())
    if hasattr(f, "write"):
        f.write(buffer.getvalue())
        return
    path = Path(f)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(buffer.getvalue())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load(f: Any, map_location: Any = None, **options: Any) -> Any:  # noqa: ARG001
    """Return the value that `save` wrote to a file.

    Parameters
    ----------
    f : path, or a file opened for reading in binary mode
    map_location, options : ignored

    Raises
    ------
    DataError : it is no such file; a pickle, as MegEngine writes them, is refused
    OSError : the file cannot be read
    """
    data = f.read() if hasattr(f, "read") else Path(f).read_bytes()
    if data[:1] == _PICKLE:
        raise DataError(
            "this file is a pickle, as MegEngine writes them, and is refused because reading a "
            "pickle can run any program; in MegEngine, save arrays with numpy.savez instead"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise ValueError("a member is compressed")
            structure = json.loads(archive.read(_STRUCTURE))
            if structure["version"] != _VERSION:
                raise ValueError(f"its version is {structure['version']!r}, not {_VERSION}")
            return _decode(structure["value"], archive)
    except (zipfile.BadZipFile, LookupError, TypeError, ValueError, EOFError) as error:
        raise DataError(f"this is not a file that tuitrain_core.save wrote: {error}") from error


def _encode(value: Any, arrays: list[np.ndarray], where: str) -> Any:
    """Return a value as JSON can hold it, and append its arrays."""
    if isinstance(value, Tensor | np.ndarray):
        array = value.numpy() if isinstance(value, Tensor) else value
        if array.dtype.kind not in "fiub":
            raise UnknownTypeError(f"save: {where or 'the value'} is an array of {array.dtype}")
        arrays.append(array)
        kinds = {Parameter: "parameter", Tensor: "tensor"}
        return {"kind": kinds.get(type(value), "array"), "member": f"{len(arrays) - 1}.npy"}
    if isinstance(value, np.generic):
        return _encode(value.item(), arrays, where)
    if isinstance(value, Mapping):
        items = [
            [_encode_key(key, where), _encode(item, arrays, f"{where}[{key!r}]")]
            for key, item in value.items()
        ]
        return {"kind": "dict", "items": items}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        items = [_encode(item, arrays, f"{where}[{i}]") for i, item in enumerate(value)]
        return {"kind": kind, "items": items}
    if isinstance(value, _PLAIN):
        return value
    hint = "; save its state_dict()" if hasattr(value, "state_dict") else ""
    raise UnknownTypeError(f"save: {where or 'the value'} is a {type(value).__name__}{hint}")


def _encode_key(key: Any, where: str) -> Any:
    if not isinstance(key, str | int | float | bool):
        raise UnknownTypeError(f"save: a key of {where or 'the value'} is a {type(key).__name__}")
    return key


def _decode(value: Any, archive: zipfile.ZipFile) -> Any:
    if not isinstance(value, dict):
        return value
    kind = value["kind"]
    if kind == "dict":
        return {key: _decode(item, archive) for key, item in value["items"]}
    if kind in ("list", "tuple"):
        items = [_decode(item, archive) for item in value["items"]]
        return items if kind == "list" else tuple(items)
    member = io.BytesIO(archive.read(value["member"]))
    array = np.lib.format.read_array(member, allow_pickle=False)
    if kind == "tensor":
        return wrap(array)
    return Parameter(array, array.dtype) if kind == "parameter" else array
