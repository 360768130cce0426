"""The outputs of the frozen layers at the bottom of a network, kept while they stay the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from tuitrain_core import Parameter, Tensor
from tuitrain_core.compiler import BottomCache, FrozenBottom, Obstacle, Program, needed_bytes
from tuitrain_core.data import DataLoader

from ..limits import CACHE_VARIABLE, MEGABYTE
from ..views import FrozenCache


class FrozenOutputs:
    """Makes the cache of a program's frozen bottom, and drops it when the bottom is another one.

    Parameters
    ----------
    loader : gives the samples
    parameters : every parameter by name
    budget : returns the bytes that a new cache may take when it is full
    """

    def __init__(
        self,
        loader: DataLoader,
        parameters: Mapping[str, Parameter],
        budget: Callable[[], int],
    ) -> None:
        self._loader = loader
        self._budget = budget
        self._names = {id(parameter): name for name, parameter in parameters.items()}
        self._changing: frozenset[Tensor] = frozenset()
        self._is_any_frozen = False
        self._is_checked = False
        self._is_found = False
        self._program: Program | None = None
        self._cache: BottomCache | None = None
        self._view: FrozenCache | None = None

    def follow(self, changing: Collection[Tensor], is_any_frozen: bool) -> None:
        """Take note of what changes from now on, and that any values may have been set.

        Parameters
        ----------
        changing : trained parameters, and buffers that are not held
        is_any_frozen : whether a parameter is frozen
        """
        self._is_checked = False
        now = frozenset(changing)
        if now != self._changing:
            self._changing, self._view, self._is_found = now, None, False
        self._is_any_frozen = is_any_frozen
        if self._cache is not None and not now.isdisjoint(self._cache.bottom.leaves):
            self._drop()

    def cache(self, program: Program) -> BottomCache | None:
        """Return the cache for the steps of a program; None if nothing is kept."""
        if not self._is_found or program is not self._program:
            self._find(program)
            self._is_found, self._program = True, program
        elif self._cache is not None:
            self._cache.check_leaves(parameters=not self._is_checked)
        self._is_checked = True
        return self._cache

    @property
    def nbytes(self) -> int:
        """The bytes that the cache takes when it is full; 0 without one."""
        return 0 if self._cache is None else _full_bytes(self._cache.bottom, self._loader)

    @property
    def view(self) -> FrozenCache | None:
        """The cached outputs, or why there are none; None before a step with frozen layers."""
        if self._cache is None:
            return self._view
        cache = self._cache
        return FrozenCache(
            self._name_of_layer(cache.bottom.above),
            cache.known_samples,
            cache.samples,
            cache.nbytes,
        )

    def _find(self, program: Program) -> None:
        """Make the cache of a program's bottom, unless the present one is still valid."""
        if not self._is_any_frozen:
            return
        bottom, kept = self._bottom(program), self._cache
        if kept and program is self._program and _is_same(bottom, kept.bottom):
            kept.check_leaves()
            return
        self._drop()
        try:
            if isinstance(bottom, FrozenBottom):
                self._cache = BottomCache(bottom, self._loader, program.graph)
            else:
                self._view = FrozenCache(reason=bottom)
        except MemoryError:
            self._view = FrozenCache(reason="there is no memory for what is below")

    def _bottom(self, program: Program) -> FrozenBottom | str:
        """Return the bottom whose outputs are kept; else why none are."""
        budget = self._budget()
        if not budget:
            return f"{CACHE_VARIABLE} is 0"
        if self._loader.augments:
            return "the samples are transformed at random"
        bottom = program.frozen_bottom(self._changing)
        if isinstance(bottom, Obstacle):
            return self._describe(bottom)
        size = _full_bytes(bottom, self._loader)
        if size <= budget:
            return bottom
        name = self._name_of_layer(bottom.above)
        return (
            f"what is below {name} takes {-(-size // MEGABYTE)} MB, and {budget // MEGABYTE} MB "
            f"are left; {CACHE_VARIABLE} sets the limit"
        )

    def _describe(self, obstacle: Obstacle) -> str:
        if obstacle.tensor is not None:
            return f"{self._name_of_layer(obstacle.tensor)}, which comes first, changes"
        if obstacle.op == "dropout":
            return "a dropout comes first"
        if obstacle.op.startswith("batch_norm"):
            return "a batch norm that is not frozen comes first"
        if obstacle.op:
            return f"the operation {obstacle.op}, which has no kernel, comes first"
        return "the frozen layers at the bottom cost little"

    def _name_of_layer(self, tensor: Tensor | None) -> str:
        """Return the path of a parameter's module, or its own name at the root."""
        name = self._names.get(id(tensor), "" if tensor is not None else "the loss")
        return name.rpartition(".")[0] or name or "a buffer"

    def _drop(self) -> None:
        if self._cache is not None and self._program is not None:
            self._program.discard(self._cache)
        self._cache = self._view = None


def _full_bytes(bottom: FrozenBottom, loader: DataLoader) -> int:
    copies = sum(tensor.memory().nbytes for tensor in bottom.leaves)
    return needed_bytes(bottom, len(loader.dataset)) + copies


def _is_same(one: FrozenBottom | str, other: FrozenBottom) -> bool:
    """Return whether two bottoms of one program have the same outputs, from the same tensors."""
    if isinstance(one, str):
        return False
    leaves = [list(map(id, bottom.leaves)) for bottom in (one, other)]
    return list(one.outputs) == list(other.outputs) and leaves[0] == leaves[1]
