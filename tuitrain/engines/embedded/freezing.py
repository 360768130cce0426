"""Which parameters are frozen, since when, and the proof that they have not moved."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tuitrain_core import Parameter

VERIFY_BYTES = 1 << 20
"""How much is verified at one look: some .3 ms of CRC-32; larger models take turns."""


@dataclass(slots=True)
class _Frozen:
    since: int
    checksum: int
    intact: bool = True


class FrozenParameters:
    """The frozen parameters of a model.

    Each is kept with the CRC-32 of its bytes at the moment it was frozen; `verify` compares.
    """

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self._parameters = parameters
        self._frozen: dict[str, _Frozen] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._frozen

    def freeze(self, name: str, step: int) -> None:
        """Freeze a parameter; its gradient is gone at once."""
        self._frozen[name] = _Frozen(step, self._checksum(name))
        self._parameters[name].grad = None

    def thaw(self, name: str) -> None:
        """Thaw a parameter."""
        del self._frozen[name]

    def reset(self, frozen: Mapping[str, int]) -> None:
        """Freeze exactly these, each since the given step."""
        self._frozen = {}
        for name, step in frozen.items():
            self.freeze(name, step)

    def all(self) -> dict[str, int]:
        """Return for each frozen parameter the step since which it is."""
        return {name: frozen.since for name, frozen in sorted(self._frozen.items())}

    def since(self, name: str) -> int | None:
        """Return the step at which the parameter was frozen, or None."""
        frozen = self._frozen.get(name)
        return frozen.since if frozen else None

    def all_since(self, names: Iterable[str]) -> int | None:
        """Return the step since which all of these are frozen, or None if one is not."""
        steps = [self.since(name) for name in names]
        return None if None in steps else max(step for step in steps if step is not None)

    def intact(self, names: Iterable[str]) -> bool:
        """Whether those of these that are frozen had their checksum when last looked at."""
        return all(self._frozen[name].intact for name in names if name in self._frozen)

    def verify(self) -> None:
        """Compare checksums: all of a small model's, of a large one some, in turn."""
        looked_at = 0
        for name in list(self._frozen):
            frozen = self._frozen.pop(name)
            frozen.intact = frozen.intact and self._checksum(name) == frozen.checksum
            self._frozen[name] = frozen
            looked_at += self._parameters[name].numpy().nbytes
            if looked_at > VERIFY_BYTES:
                break

    def _checksum(self, name: str) -> int:
        return zlib.crc32(self._parameters[name].numpy().data)
