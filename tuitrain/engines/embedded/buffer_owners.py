"""Which parameters own a buffer: those of the layer that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from tuitrain_core import Parameter
from tuitrain_core.module import Module

from ..networks.structure import NetworkNode, Structure

Deciders = tuple[str, ...]
"""First names of the owning parameters; the buffers are held when all of them are frozen."""


class BufferOwners:
    """The modules of a model that have buffers, such as the running statistics of norm layers.

    A module with parameters owns its buffers. The buffers of a module without parameters belong to
    the layers that feed it, within the nearest enclosing module that has parameters; if there are
    none, to the layers there that it feeds.

    Parameters
    ----------
    model : the network that is trained
    trace : returns its structure; called once, when only a part of the enclosing module is frozen.
        If the model raises an error, all parameters of the enclosing module are the owners.

    Attributes
    ----------
    modules : by path, the modules with buffers
    """

    def __init__(self, model: Module, trace: Callable[[], Structure]) -> None:
        self._model, self._trace = model, trace
        self._every = dict(model.named_modules())
        self._names = {id(item): name for name, item in model.named_parameters()}
        self.modules: Mapping[str, Module] = {
            path: module
            for path, module in self._every.items()
            if next(module.named_buffers(recursive=False), None) is not None
        }
        self._around = {path: self._nearest_parameters(path) for path in self.modules}
        self._structure: Structure | None = None
        self._deciders: dict[str, Deciders] = {}

    def held_modules(self, frozen: Collection[str]) -> dict[str, bool]:
        """Return, for each module with buffers, by its path, whether its buffers are held.

        Parameters
        ----------
        frozen : first names of the frozen parameters
        """
        return {path: self._is_still(path, frozen) for path in self.modules}

    def held_buffers(self, frozen: Collection[str]) -> dict[str, Deciders]:
        """Return the held buffers by name, each with the parameters that own it."""
        held: dict[str, Deciders] = {}
        for path in self.modules:
            if self._is_still(path, frozen):
                for name, _ in self.modules[path].named_buffers(path, recursive=False):
                    held[name] = self._deciders.get(path) or self._around[path]
        return held

    def _is_still(self, path: str, frozen: Collection[str]) -> bool:
        around = self._around[path]
        some = [name in frozen for name in around]
        if all(some) or not any(some):
            return bool(some) and all(some)
        if self._own(path):
            return False
        return all(name in frozen for name in self._deciders_of(path))

    def _own(self, path: str) -> Deciders:
        return self._named(self.modules[path].parameters())

    def _nearest_parameters(self, path: str) -> Deciders:
        """Return the parameters of a module, or of the nearest enclosing module that has any."""
        parts = path.split(".") if path else []
        for length in range(len(parts), -1, -1):
            module = self._every.get(".".join(parts[:length]))
            if module is not None and (names := self._named(module.parameters())):
                return names
        return ()

    def _named(self, parameters: Iterable[Parameter]) -> Deciders:
        # By identity: a tied parameter may have a name from another module.
        return tuple(self._names[id(parameter)] for parameter in parameters)

    def _deciders_of(self, path: str) -> Deciders:
        if path not in self._deciders:
            around = self._around[path]
            try:
                self._structure = self._structure or self._trace()
            except Exception:  # the user's model failed; the next step raises its error
                return around
            self._deciders[path] = self._whole_layers(
                _neighbours(self._structure, path, around), around
            )
        return self._deciders[path]

    def _whole_layers(self, names: set[str], around: Deciders) -> Deciders:
        """Add the other parameters of the same layers; without any, return all of ``around``.

        Otherwise a bias that a module adds itself would own the buffer without its weight.
        """
        layers = [
            own
            for module in self._every.values()
            if not names.isdisjoint(own := self._named(module.parameters(recursive=False)))
        ]
        return tuple(dict.fromkeys(n for own in layers for n in own if n in around)) or around


def _neighbours(structure: Structure, path: str, around: Deciders) -> set[str]:
    """Return those of the parameters ``around`` that the neighbouring operations use."""
    part = _part(structure.root, path)
    if part is None:
        return set()
    makers = {output: inputs for inputs, output in structure.operations}
    readers: dict[int, list[int]] = {}
    for inputs, output in structure.operations:
        for item in inputs:
            readers.setdefault(item, []).append(output)
    leaves = {value: name for name, value in structure.leaves.items()}

    def parameters_of(value: int) -> list[str]:
        return [leaves[item] for item in makers.get(value, ()) if item in leaves]

    before = _nearest(part.inputs, parameters_of, lambda value: makers.get(value, ()))
    behind = _nearest(
        [item for value in part.outputs for item in readers.get(value, ())],
        parameters_of,
        lambda value: readers.get(value, ()),
    )
    return before.intersection(around) or behind.intersection(around)


def _nearest(
    values: Iterable[int],
    parameters_of: Callable[[int], Sequence[str]],
    onward: Callable[[int], Iterable[int]],
) -> set[str]:
    """Follow values along every path, up to the first that depends on parameters."""
    names, seen, waiting = set[str](), set[int](), list(values)
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        here = parameters_of(value)
        names.update(here)
        if not here:
            waiting += onward(value)
    return names


def _part(root: NetworkNode, path: str) -> NetworkNode | None:
    """Return a module's node of the tree."""
    return next(
        (part for part in _parts(root) if part.facts is not None and part.path == path), None
    )


def _parts(part: NetworkNode) -> Iterator[NetworkNode]:
    yield part
    for child in part.children:
        yield from _parts(child)
