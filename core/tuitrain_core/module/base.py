"""Module: base class of layers and networks; finds their parameters by name.

Attributes of a module belong to it: a `Parameter` is trained, another `Tensor` is a buffer, a
`Module` is a child. So do elements of lists, tuples and dictionaries, named by position or key.
Names are dotted paths in sorted order (numbers by value). An object with two names, such as tied
weights, is listed once, under the first name; a state dictionary has it under all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from ..errors import CoreError
from ..tensor import Parameter, Tensor
from . import state_dict
from .hooks import Hook, HookHandler, call_with_hooks
from .members import Kind, find_members, name_order, unique_members


class Module:
    """A network, or a part of one.

    Subclasses assign parameters, buffers and children in ``__init__`` (after
    ``super().__init__()``) and compute in ``forward``.

    Parameters
    ----------
    name : optional name

    Attributes
    ----------
    training : bool
        The mode of layers that differ between training and evaluation (dropout, batch norm);
        `train` and `eval` set it.
    """

    name: str | None = None
    _before: list[HookHandler] | None = None
    _after: list[HookHandler] | None = None

    def __init__(self, name: str | None = None) -> None:
        self.training = True
        if name is not None:
            self.name = name

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module's output."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to compute its output")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call `forward`, with the hooks around it."""
        if self._before is None and self._after is None:
            return self.forward(*args, **kwargs)
        return call_with_hooks(self, self._before or [], self._after or [], args, kwargs)

    def register_forward_pre_hook(self, hook: Hook) -> HookHandler:
        """Call ``hook(module, inputs)`` before each forward pass; what it returns replaces inputs.

        Returns
        -------
        A handler, whose ``remove()`` ends it.
        """
        self._before = [] if self._before is None else self._before
        return HookHandler(self._before, hook)

    def register_forward_hook(self, hook: Hook) -> HookHandler:
        """Call ``hook(module, inputs, output)`` after each forward pass; see above."""
        self._after = [] if self._after is None else self._after
        return HookHandler(self._after, hook)

    def apply(self, fn: Callable[[Module], Any]) -> None:
        """Call a function with this module and all modules in it."""
        for module in self.modules():
            fn(module)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the direct children, with their names."""
        return unique_members(find_members(vars(self), Module, ""))

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
        return unique_members(self._named(Parameter, prefix, recursive))

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
            for name, parameter in find_members(vars(part), Parameter, path):
                names.setdefault(id(parameter), []).append(name)
        aliases = {}
        for first, parameter in self.named_parameters():
            others = {name for name in names[id(parameter)] if name != first}
            if others:
                aliases[first] = tuple(sorted(others, key=name_order))
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
        return unique_members(pair for pair in tensors if not isinstance(pair[1], Parameter))

    def buffers(self, recursive: bool = True) -> Iterator[Tensor]:
        """Yield the tensors that are not trained, in the order of their names."""
        return (buffer for _, buffer in self.named_buffers(recursive=recursive))

    def named_tensors(
        self, prefix: str = "", recursive: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield parameters and buffers with their names, in sorted order."""
        return unique_members(self._named(Tensor, prefix, recursive))

    def tensors(self, recursive: bool = True) -> Iterator[Tensor]:
        """Yield parameters and buffers, in the order of their names."""
        return (item for _, item in self.named_tensors(recursive=recursive))

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0; those that are None stay None."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad.reset_zero()

    def replace_param(self, params: Mapping[Any, Parameter], start_pos: int = 0) -> int:
        """Replace parameters by their position among the sorted names of the module.

        Parameters
        ----------
        params : new parameters by position
        start_pos : position of the first parameter

        Returns
        -------
        The position after the last parameter.
        """
        named = list(self.named_parameters())
        for position, (name, _) in enumerate(named, start_pos):
            if position in params:
                owner, _, attribute = name.rpartition(".")
                module = dict(self.named_modules())[owner] if owner else self
                setattr(module, attribute, params[position])
        return start_pos + len(named)

    def train(self, mode: bool = True, recursive: bool = True) -> Module:
        """Set ``training`` in this module and all modules in it; returns the module."""
        for module in self.modules() if recursive else (self,):
            module.training = mode
        return self

    def eval(self) -> Module:
        """Set evaluation mode: ``train(False)``."""
        return self.train(False)

    def state_dict(self, keep_var: bool = False) -> dict[str, Any]:
        """Return copies of the parameters' and buffers' values, by name, in sorted order.

        Tied parameters are included under each of their names.

        Parameters
        ----------
        keep_var : return the tensors themselves instead
        """
        tensors = self._state()
        return dict(tensors) if keep_var else state_dict.copy_arrays(tensors)

    def load_state_dict(
        self,
        values: Mapping[str, Any] | Callable[[str, Tensor], Any],
        strict: bool = True,
    ) -> list[str]:
        """Overwrite parameters and buffers in place; on an error nothing is changed.

        Parameters
        ----------
        values : arrays by name, as `state_dict` returns them; converted to each tensor's dtype; or
            a function that returns the array for a name and its tensor, or None
        strict : whether all names, and no others, must be there; of tied parameters, one name

        Returns
        -------
        Names that are missing or unexpected; none if strict.

        Raises
        ------
        StateError : lists the names that are missing or unexpected (if strict; then it is a
            KeyError, too) or do not fit
        """
        tensors = self._state()
        if not isinstance(values, Mapping):
            arrays = {name: values(name, tensor) for name, tensor in tensors.items()}
            values = {name: array for name, array in arrays.items() if array is not None}
        return state_dict.load_arrays(tensors, values, strict)

    def extra_repr(self) -> str:
        """Return the text in the parentheses of a module without children."""
        return ""

    def __repr__(self) -> str:
        parts = [f"({name}): {part!r}" for name, part in find_members(vars(self), Module, "")]
        if not parts:
            return f"{type(self).__name__}({self.extra_repr()})"
        body = "\n".join(parts).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {body}\n)"

    def _state(self) -> dict[str, Tensor]:
        """Return parameters and buffers by all their names, in sorted order.

        A module with two names counts under the first; a tensor in two modules under both.
        """
        members = [
            pair
            for name, part in self.named_modules()
            for pair in find_members(vars(part), Tensor, name)
        ]
        return dict(sorted(members, key=lambda pair: name_order(pair[0])))

    def _named(self, kind: type[Kind], prefix: str, recursive: bool) -> Iterator[tuple[str, Kind]]:
        """Yield the members of one kind, sorted by name."""
        members: list[tuple[str, Kind]] = []
        for name, part in self.named_modules(prefix) if recursive else [(prefix, self)]:
            members.extend(find_members(vars(part), kind, name))
        return iter(sorted(members, key=lambda pair: name_order(pair[0])))


def _walk(module: Module, name: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
    if id(module) not in seen:
        seen.add(id(module))
        yield name, module
        for child_name, child in find_members(vars(module), Module, name):
            yield from _walk(child, child_name, seen)


def _paths(module: Module, name: str, above: tuple[Module, ...]) -> Iterator[tuple[str, Module]]:
    """Yield a module and the modules in it under all their names; cycles are cut."""
    if not any(parent is module for parent in above):
        yield name, module
        for child_name, child in find_members(vars(module), Module, name):
            yield from _paths(child, child_name, (*above, module))
