"""Tracing the structure of a network of the core in one forward pass, module by module."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

from tuitrain_core import Parameter, Tensor, tape
from tuitrain_core.compiler import as_tensors, call_model
from tuitrain_core.data import Inputs
from tuitrain_core.module import Module, Sequential
from tuitrain_core.ops import AsType, Flatten, Index, Op, Reshape, Transpose

from ..networks.structure import ModuleFacts, NetworkNode, OwnParameter, Structure

LIBRARY: Final = "tuitrain_core.module"
"""The operations inside of the library's own layers are not listed: the layers' names say them."""

_PASSED_OVER: Final = (Reshape, Flatten, Transpose, Index, AsType)
"""Operations that move numbers without computing."""

BATCH: Final = 0
"""The number of the network's input value."""


def trace_structure(model: Module, inputs: Inputs) -> Structure:
    """Trace one forward pass.

    The caller restores what the pass changes: running averages, a generator.

    Parameters
    ----------
    model : the network; its attributes are restored
    inputs : of a small batch for it
    """
    return _StructureTracer(model).trace(inputs)


class _StructureTracer:
    """Records modules as they are entered, and the operations inside of them."""

    def __init__(self, model: Module) -> None:
        self._model = model
        self._parameters = {id(item): name for name, item in model.named_parameters()}
        self._modules: dict[NetworkNode, Module] = {}
        self._parts: dict[int, NetworkNode] = {}
        self._root = self._add(type(model).__name__, "", model)
        self._open = [self._root]
        self._values: dict[int, int] = {}
        self._made = {BATCH}
        self._alive: list[Tensor] = []
        self._operations: list[tuple[tuple[int, ...], int]] = []

    def trace(self, inputs: Inputs) -> Structure:
        with tape.paused(), tape.observe_ops(self._operation), self._wrapped_modules():
            call_model(self._model, as_tensors(inputs))
        self._add_silent(self._root)
        leaves = {
            name: self._values[identity]
            for identity, name in self._parameters.items()
            if identity in self._values
        }
        return Structure(self._root, self._operations, leaves)

    @contextmanager
    def _wrapped_modules(self) -> Generator[None]:
        """Wrap every module's ``forward``, and unwrap it at the end."""
        wrapped = list(self._model.named_modules())
        for path, module in wrapped:
            module.forward = self._wrap(path, module, module.forward)  # type: ignore[method-assign]
        try:
            yield
        finally:
            for _, module in wrapped:
                del module.forward

    def _wrap(self, path: str, module: Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def traced_forward(*inputs: Any, **named: Any) -> Any:
            part = self._entered(path, module)
            self._note(part.inputs, [*inputs, *named.values()])
            self._open.append(part)
            try:
                output = forward(*inputs, **named)
            finally:
                self._open.pop()
            self._note(part.outputs, [output])
            part.shape = next((item.shape[1:] for item in _tensors([output])), ())
            return output

        return traced_forward

    def _entered(self, path: str, module: Module) -> NetworkNode:
        part = self._parts.get(id(module))
        if part is None:
            above = self._open[-1]
            name = path.removeprefix(f"{above.path}.") if above.path else path
            part = self._add(name, path, module)
            above.children.append(part)
        part.uses += 1
        return part

    def _add(self, name: str, path: str, module: Module) -> NetworkNode:
        """Return a new node for a module."""
        names = (self._parameters[id(item)] for _, item in module.named_parameters())
        facts = ModuleFacts(
            type(module).__name__,
            module.extra_repr(),
            tuple(dict.fromkeys(names)),
            tuple(
                OwnParameter(own, self._parameters[id(item)], item.shape)
                for own, item in module.named_parameters(recursive=False)
            ),
        )
        part = self._parts[id(module)] = NetworkNode(name, path, facts)
        self._modules[part] = module
        return part

    def _operation(self, op: Op, inputs: Sequence[Tensor], output: Tensor) -> None:
        numbers, made = tuple(map(self._number, inputs)), self._number(output)
        data = [number for number in dict.fromkeys(numbers) if number in self._made]
        self._operations.append((numbers, made))
        self._made.add(made)
        here = self._open[-1]
        if data and not isinstance(op, _PASSED_OVER) and not _is_library(self._modules[here]):
            name, shape = _written(op, len(data)), output.shape[1:]
            here.children.append(NetworkNode(name, "", None, [], data, [made], shape, uses=1))

    def _note(self, into: list[int], values: Sequence[Any]) -> None:
        for value in _tensors(values):
            if (number := self._number(value)) not in into:
                into.append(number)

    def _number(self, value: Tensor) -> int:
        """Return a value's number; the batch is the first and has `BATCH`."""
        if id(value) not in self._values:
            self._values[id(value)] = len(self._values)
            self._alive.append(value)  # so that its id is not reused
        return self._values[id(value)]

    def _add_silent(self, part: NetworkNode) -> None:
        """Add the modules that were not entered, because they may hold parameters."""
        for name, module in self._modules[part].named_children():
            if id(module) not in self._parts:
                path = f"{part.path}.{name}" if part.path else name
                silent = self._add(name, path, module)
                part.children.append(silent)
                self._add_silent(silent)
        for child in part.children:
            if child in self._modules and child.uses:
                self._add_silent(child)


def _is_library(module: Module) -> bool:
    own = type(module).__module__.startswith(LIBRARY)
    return own and not isinstance(module, Sequential)


def _tensors(values: Sequence[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(cast(Sequence[Any], value))


_SIGNS: Final = {"Add": "+", "Subtract": "-", "Multiply": "×", "Divide": "÷", "MatMul": "@"}


def _written(op: Op, data: int) -> str:
    """Return an operation's label: ``+`` alone where the second term is not data."""
    sign = _SIGNS.get(type(op).__name__, "")
    if sign == "+" and data > 1:
        return "+ add"
    return sign or op.name.removesuffix("2d").replace("_", " ")
