# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The state of a script's schedulers, scalers and the like, as plain values."""

from __future__ import annotations

import base64
import copy
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol, cast

import numpy as np
import torch

from tuitrain.errors import RefusedError, StateMismatchError

from ..arrays import to_array, to_tensor


class Stateful(Protocol):
    """An object with a state, as torch's schedulers and scalers have."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> Any:
        """Load a state."""
        ...


class StatefulObjects:
    """The objects of a script that are part of its state.

    Parameters
    ----------
    objects : by name; each has ``state_dict`` and ``load_state_dict``

    Raises
    ------
    RefusedError : one has not
    """

    def __init__(self, objects: Mapping[str, Any]) -> None:
        for name, item in objects.items():
            if not (hasattr(item, "state_dict") and hasattr(item, "load_state_dict")):
                takes = (
                    "scaler=…) takes a GradScaler"
                    if name == "scaler"
                    else "schedulers=…) takes learning-rate schedulers"
                )
                raise RefusedError(
                    f"watch(…, {takes}, with state_dict and load_state_dict, but was given "
                    f"{type(item).__name__}"
                )
        self._objects: Mapping[str, Stateful] = objects

    def capture(self) -> Mapping[str, Any]:
        """Return their states as plain values."""
        return {name: _plain(item.state_dict()) for name, item in self._objects.items()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore captured states.

        Raises
        ------
        StateMismatchError : they do not fit; nothing was changed
        """
        if {*saved} != {*self._objects}:
            raise StateMismatchError(
                f"the state has {', '.join(saved) or 'no object'}, and the script "
                f"{', '.join(self._objects) or 'none'}"
            )
        before = {name: copy.copy(item.state_dict()) for name, item in self._objects.items()}
        try:
            for name, item in self._objects.items():
                item.load_state_dict(_value(saved[name]))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            for name, item in self._objects.items():
                item.load_state_dict(before[name])
            raise StateMismatchError(f"the state of {name} does not fit: {error}") from None


def _plain(value: Any) -> Any:
    """Return a value as numbers, texts and lists; what JSON does not have is marked by a key."""
    if isinstance(value, torch.Tensor):
        array = np.ascontiguousarray(to_array(value))
        text = base64.b64encode(array.tobytes()).decode()
        return {"tensor": [str(value.dtype).removeprefix("torch."), list(value.shape), text]}
    if isinstance(value, Counter):
        return {"counter": [[_plain(key), count] for key, count in value.items()]}
    if isinstance(value, dict):
        entries = cast(dict[Any, Any], value)
        return {"dict": [[_plain(key), _plain(entry)] for key, entry in entries.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_plain(entry) for entry in cast(tuple[Any, ...], value)]}
    if isinstance(value, list):
        return [_plain(entry) for entry in cast(list[Any], value)]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise RefusedError(
        f"a state of {type(value).__name__} cannot be saved without pickle; leave the object "
        "out of watch, and step it by run.step"
    )


def _value(plain: Any) -> Any:
    """Return the value that `_plain` has written."""
    if isinstance(plain, list):
        return [_value(entry) for entry in plain]
    if not isinstance(plain, dict):
        return plain
    ((kind, content),) = plain.items()
    if kind == "tensor":
        name, shape, text = content
        like = torch.empty(0, dtype=getattr(torch, name))
        bits = np.frombuffer(base64.b64decode(text), to_array(like).dtype).reshape(shape)
        return to_tensor(bits.copy(), like)
    if kind == "float":
        return float(content)
    if kind == "tuple":
        return tuple(_value(entry) for entry in content)
    pairs = {_value(key): _value(entry) for key, entry in content}
    return Counter(pairs) if kind == "counter" else pairs
