"""Module: base class of layers and networks; finds their parameters by name.

Attributes of a module belong to it: a `Parameter` is trained, another `Tensor` is a buffer, a
`Module` is a child. So do elements of lists, tuples and dictionaries, named by position or key.
Names are dotted paths in sorted order (numbers by value). An object with two names, such as tied
weights, is listed once, under the first name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from ..errors import CoreError
from ..tensor import Parameter, Tensor
from . import state_dict

Kind = TypeVar("Kind")


class Module:
    """A network, or a part of one.

    Subclasses assign parameters, buffers and children in ``__init__`` (after
    ``super().__init__()``) and compute in ``forward``.

    Attributes
    ----------
    training : bool
        The mode of layers that differ between training and evaluation (dropout, batch norm);
        `train` and `eval` set it.
    """

    def __init__(self) -> None:
        self.training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module's output."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to compute its output")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call `forward`."""
        return self.forward(*args, **kwargs)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the direct children, with their names."""
        return _unique(_find(vars(self), Module, ""))

    def children(self) -> Iterator[Module]:
        """Yield the direct children."""
        return (part for _, part in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield this module, named ``prefix``, and all modules in it, with their names."""
        return _walk(self, prefix, set())

    def modules(self) -> Iterator[Module]:
        """Yield this module and all modules in it."""
        return (part for _, part in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recursive: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield the parameters with their names, in sorted order, each parameter once.

        Parameters
        ----------
        prefix : put in front of each name, with a dot
        recursive : whether to include the parameters of children
        """
        return _unique(self._named(Parameter, prefix, recursive))

    def parameters(self, recursive: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, in the order of their names."""
        return (parameter for _, parameter in self.named_parameters(recursive=recursive))

    def aliases(self) -> dict[str, tuple[str, ...]]:
        """Return the further names of parameters with several names (tied weights).

        Returns
        -------
        The further names, by the name in `named_parameters`; without parameters that have one name.
        """
        names: dict[int, list[str]] = {}
        for path, part in _paths(self, "", ()):
            for name, parameter in _find(vars(part), Parameter, path):
                names.setdefault(id(parameter), []).append(name)
        aliases = {}
        for first, parameter in self.named_parameters():
            others = {name for name in names[id(parameter)] if name != first}
            if others:
                aliases[first] = tuple(sorted(others, key=_order))
        return aliases

    def select(self, *globs: str) -> list[Parameter]:
        """Return the parameters whose names match any of the globs, in the order of their names.

        Parameters
        ----------
        globs : for example ``"conv*"`` or ``"*.bias"``; case-sensitive; tied parameters match by
            any of their names

        Raises
        ------
        CoreError : a glob matches nothing; names the nearest parameter
        """
        aliases, selected = self.aliases(), set[str]()
        names = {name: (name, *aliases.get(name, ())) for name, _ in self.named_parameters()}
        for glob in globs:
            matches = [name for name in names if any(fnmatchcase(n, glob) for n in names[name])]
            if not matches:
                near = get_close_matches(glob.rstrip("*"), names, n=1, cutoff=0.5)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise CoreError(f"no parameter matches {glob!r}{hint}")
            selected.update(matches)
        return [parameter for name, parameter in self.named_parameters() if name in selected]

    def named_buffers(
        self, prefix: str = "", recursive: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield the tensors that are not trained, with their names, in sorted order."""
        tensors = self._named(Tensor, prefix, recursive)
        return _unique(pair for pair in tensors if not isinstance(pair[1], Parameter))

    def buffers(self, recursive: bool = True) -> Iterator[Tensor]:
        """Yield the tensors that are not trained, in the order of their names."""
        return (buffer for _, buffer in self.named_buffers(recursive=recursive))

    def train(self, mode: bool = True) -> Module:
        """Set ``training`` in this module and all modules in it; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Set evaluation mode: ``train(False)``."""
        return self.train(False)

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return copies of the parameters' and buffers' values, by name, in sorted order.

        Tied parameters are included once, under their name in `named_parameters`.
        """
        return state_dict.copy_arrays(self._state())

    def load_state_dict(self, values: Mapping[str, Any], strict: bool = True) -> list[str]:
        """Overwrite parameters and buffers in place; on an error nothing is changed.

        Parameters
        ----------
        values : arrays by name, as `state_dict` returns them; converted to each tensor's dtype
        strict : whether all names, and no others, must be there

        Returns
        -------
        Names that are missing or unexpected; none if strict.

        Raises
        ------
        StateError : lists the names that are missing or unexpected (if strict) or do not fit
        """
        return state_dict.load_arrays(self._state(), values, strict)

    def extra_repr(self) -> str:
        """Return the text in the parentheses of a module without children."""
        return ""

    def __repr__(self) -> str:
        parts = [f"({name}): {part!r}" for name, part in _find(vars(self), Module, "")]
        if not parts:
            return f"{type(self).__name__}({self.extra_repr()})"
        body = "\n".join(parts).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {body}\n)"

    def _state(self) -> dict[str, Tensor]:
        return dict(_unique(self._named(Tensor, "", True)))

    def _named(self, kind: type[Kind], prefix: str, recursive: bool) -> Iterator[tuple[str, Kind]]:
        """Yield the members of one kind, sorted by name."""
        members: list[tuple[str, Kind]] = []
        for name, part in self.named_modules(prefix) if recursive else [(prefix, self)]:
            members.extend(_find(vars(part), kind, name))
        return iter(sorted(members, key=lambda pair: _order(pair[0])))


def _find(values: Mapping[str, Any], kind: type[Kind], prefix: str) -> Iterator[tuple[str, Kind]]:
    """Yield the values of one kind among attributes, lists and dictionaries, in sorted order."""
    for key in sorted(values, key=_order):
        value, name = values[key], f"{prefix}.{key}" if prefix else key
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, dict):
            yield from _find({str(k): v for k, v in value.items()}, kind, name)
        elif isinstance(value, list | tuple):
            yield from _find({str(i): v for i, v in enumerate(value)}, kind, name)


def _walk(module: Module, name: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
    if id(module) not in seen:
        seen.add(id(module))
        yield name, module
        for child_name, child in _find(vars(module), Module, name):
            yield from _walk(child, child_name, seen)


def _paths(module: Module, name: str, above: tuple[Module, ...]) -> Iterator[tuple[str, Module]]:
    """Yield a module and the modules in it under all their names; cycles are cut."""
    if not any(parent is module for parent in above):
        yield name, module
        for child_name, child in _find(vars(module), Module, name):
            yield from _paths(child, child_name, (*above, module))


def _unique(pairs: Iterator[tuple[str, Kind]]) -> Iterator[tuple[str, Kind]]:
    seen: set[int] = set()
    for name, value in pairs:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value


@lru_cache(8192)
def _order(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Return the sort key of a dotted name: numbers sort by value, so 2 comes before 10."""
    return tuple(
        (not part.isdecimal(), int(part) if part.isdecimal() else 0, part)
        for part in name.split(".")
    )
