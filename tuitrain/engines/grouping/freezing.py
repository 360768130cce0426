"""The frozen parameters, since when, and the checks that they keep their bytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..state import Array
from .rules import ParameterArrays

VERIFY_BYTES = 1 << 20
"""Bytes verified at a time: about 0.3 ms of CRC-32; a larger model is verified in parts."""


@dataclass(slots=True)
class _Frozen:
    since: int
    checksum: int
    intact: bool = True


@dataclass(slots=True)
class _Held:
    deciders: Collection[str]
    checksum: int
    intact: bool = True


class FrozenParameters:
    """The frozen parameters of a model, and the buffers that are held with them.

    The CRC-32 of their bytes is taken when they are frozen; `verify` compares it.

    Parameters
    ----------
    parameters : the values of every parameter
    buffers : returns every buffer by name, as live memory

    Attributes
    ----------
    by_script : the parameters that a script keeps from training, and since which step. Their
        bytes are not checked, and their buffers are not held. A parameter that a command has frozen
        is not among them
    """

    def __init__(
        self,
        parameters: ParameterArrays,
        buffers: Callable[[], Mapping[str, Array]] = dict[str, Array],
    ) -> None:
        self._parameters, self._buffers = parameters, buffers
        self._frozen: dict[str, _Frozen] = {}
        self._held: dict[str, _Held] = {}
        self.by_script: dict[str, int] = {}

    def __contains__(self, name: object) -> bool:
        """Whether a command has frozen a parameter."""
        return name in self._frozen

    def freeze(self, name: str, step: int) -> None:
        """Freeze a parameter, and drop its gradient."""
        self._frozen[name] = _Frozen(step, self._checksum(name))
        self.by_script.pop(name, None)
        self._parameters.drop_gradient(name)

    def thaw(self, name: str) -> None:
        """Thaw a parameter, whether a command or a script has frozen it."""
        self._frozen.pop(name, None)
        self.by_script.pop(name, None)

    def reset(self, frozen: Mapping[str, int]) -> None:
        """Freeze exactly these parameters, each since its step."""
        self._frozen, self._held = {}, {}
        for name, step in frozen.items():
            self.freeze(name, step)

    def hold_buffers(self, deciders: Mapping[str, Collection[str]]) -> None:
        """Hold these buffers and take their checksums; drop the checksums of all others.

        Parameters
        ----------
        deciders : for each held buffer, by name, the frozen parameters that own it
        """
        buffers: Mapping[str, Array] = self._buffers() if deciders else {}
        self._held = {
            name: self._held.get(name) or _Held(names, _crc(buffers[name]))
            for name, names in deciders.items()
        }

    def frozen_since(self) -> dict[str, int]:
        """Return the step at which each parameter was frozen that a command has frozen."""
        return {name: frozen.since for name, frozen in sorted(self._frozen.items())}

    def untrained(self) -> set[str]:
        """Return the parameters that commands or a script have frozen."""
        return {*self._frozen, *self.by_script}

    def since(self, name: str) -> int | None:
        """Return the step at which a command or a script has frozen the parameter, or None."""
        frozen = self._frozen.get(name)
        return frozen.since if frozen else self.by_script.get(name)

    def all_since(self, names: Iterable[str]) -> int | None:
        """Return the step since which all of these are frozen; None if one is not, or of none."""
        steps = [self.since(name) for name in names]
        frozen = [step for step in steps if step is not None]
        return max(frozen) if frozen and len(frozen) == len(steps) else None

    def intact(self, names: Iterable[str]) -> bool:
        """Whether those that commands have frozen, with held buffers, passed the check."""
        some = {name for name in names if name in self._frozen}
        held = [
            buffer.intact for buffer in self._held.values() if some.intersection(buffer.deciders)
        ]
        return all(held) and all(self._frozen[name].intact for name in some)

    def verify(self) -> None:
        """Compare checksums: all of a small model, a part of a large one in turn."""
        looked_at = 0
        for name in list(self._frozen):
            frozen = self._frozen.pop(name)
            frozen.intact = frozen.intact and self._checksum(name) == frozen.checksum
            self._frozen[name] = frozen
            looked_at += self._parameters.value(name).nbytes
            if looked_at > VERIFY_BYTES:
                break
        self._verify_held()

    def _verify_held(self) -> None:
        looked_at = 0
        buffers: Mapping[str, Array] = self._buffers() if self._held else {}
        for name in list(self._held):
            held, array = self._held.pop(name), buffers[name]
            held.intact = held.intact and _crc(array) == held.checksum
            self._held[name] = held
            looked_at += array.nbytes
            if looked_at > VERIFY_BYTES:
                break

    def _checksum(self, name: str) -> int:
        return _crc(self._parameters.value(name))


def _crc(array: Array) -> int:
    return zlib.crc32(np.ascontiguousarray(array).data)
