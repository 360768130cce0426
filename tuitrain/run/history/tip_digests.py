"""Digests of the parameters where a run leaves its branches, to compare them when it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from tuitrain.engines.state import Array
from tuitrain_core.digest import digest_arrays

ReadParameters: TypeAlias = Callable[[], Mapping[str, Array]]
"""Returns the parameters by name, as they are now."""


class TipDigests:
    """The digest of each branch's parameters at the step where the run last left it.

    The loss of a retrained step shows the effect of all updates before it. These digests show the
    effect of the last update.
    """

    def __init__(self) -> None:
        self._tips: dict[str, tuple[int, str]] = {}

    def note(self, branch: str, step: int, read_parameters: ReadParameters) -> None:
        """Note that the run leaves a branch at a step."""
        self._tips[branch] = step, digest_parameters(read_parameters())

    def differs(self, branch: str, step: int, read_parameters: ReadParameters) -> bool:
        """Whether the parameters differ from those when the run left the branch at this step."""
        noted = self._tips.get(branch)
        if noted is None or noted[0] != step:
            return False
        return digest_parameters(read_parameters()) != noted[1]


def digest_parameters(parameters: Mapping[str, Array]) -> str:
    """Return the SHA-256 of names, types, shapes and bytes."""
    return digest_arrays(parameters, {}, {})
