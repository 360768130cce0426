"""The structure of a network: its modules and operations in the order in which a batch meets them.

One forward pass is traced, module by module, whichever parameters are frozen. The flow of the
gradient follows from this graph for any choice of trained parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from tuitrain_core import Parameter, Tensor, tape
from tuitrain_core.compiler import as_tensors, call_model
from tuitrain_core.data import Inputs
from tuitrain_core.module import Module, Sequential
from tuitrain_core.ops import AsType, Flatten, Index, Op, Reshape, Transpose

from ..inspection import GradientFlow, NetworkRow

LIBRARY: Final = "tuitrain_core.module"
"""The operations inside of the library's own layers are not listed: the layers' names say them."""

_PASSED_OVER: Final = (Reshape, Flatten, Transpose, Index, AsType)
"""Operations that move numbers without computing."""

BATCH: Final = 0
"""The number of the network's input value."""


@dataclass(eq=False)
class NetworkNode:
    """A module or an operation, with its data: the numbers of its input and output values."""

    name: str
    path: str
    module: Module | None = None
    parent: NetworkNode | None = None
    children: list[NetworkNode] = field(default_factory=list["NetworkNode"])
    inputs: list[int] = field(default_factory=list[int])
    outputs: list[int] = field(default_factory=list[int])
    shape: tuple[int, ...] = ()
    uses: int = 0


@dataclass(frozen=True, eq=False)
class Structure:
    """A traced network.

    Attributes
    ----------
    root : the network
    operations : in order, the numbers of each one's input values, and of its output
    leaves : the value of each parameter, by its first name
    names : the first name of each parameter
    """

    root: NetworkNode
    operations: Sequence[tuple[tuple[int, ...], int]]
    leaves: Mapping[str, int]
    names: Mapping[int, str]

    def rows(
        self, trained: Collection[str], still: Mapping[str, bool] | None = None
    ) -> tuple[NetworkRow, ...]:
        """Return the tree's rows, with where the gradient flows if these parameters are trained.

        Parameters
        ----------
        trained : first names of parameters
        still : by the path of each module with buffers, whether its buffers are held
        """
        wanted = self._depending(self.leaves[name] for name in trained if name in self.leaves)
        learning = self._depending(self.leaves.values())
        rows = self._rows(self.root, 0, wanted, learning)
        modules = still or {}
        return tuple(
            replace(row, buffers_held=modules[row.path])
            if row.kind == "module" and row.path in modules
            else row
            for row in rows
        )

    def _depending(self, leaves: Iterator[int] | Collection[int]) -> set[int]:
        """Return every value that depends on one of the leaves."""
        dependents = set(leaves)
        for inputs, output in self.operations:
            if not dependents.isdisjoint(inputs):
                dependents.add(output)
        return dependents

    def _rows(
        self, part: NetworkNode, depth: int, wanted: set[int], learning: set[int], key: str = ""
    ) -> Iterator[NetworkRow]:
        own = [] if part.module is None else [*part.module.named_parameters()]
        yield NetworkRow(
            key=key,
            name=part.name,
            path=part.path,
            kind="operation" if part.module is None else "module",
            label="" if part.module is None else type(part.module).__name__,
            detail="" if part.module is None else part.module.extra_repr(),
            depth=depth,
            shape=part.shape,
            parameters=tuple(dict.fromkeys(self.names[id(item)] for _, item in own)),
            flow=_flow(part, wanted, learning),
            inputs_with_gradient=(sum(item in wanted for item in part.inputs), len(part.inputs)),
            use_count=part.uses,
        )
        if part.module is not None:
            yield from self._parameter_rows(part, part.module, depth + 1, wanted, key)
        for place, item in enumerate(part.children):
            yield from self._rows(item, depth + 1, wanted, learning, f"{key}/{place}")

    def _parameter_rows(
        self, part: NetworkNode, module: Module, depth: int, wanted: set[int], key: str
    ) -> Iterator[NetworkRow]:
        """Yield a row for each of a module's own parameters."""
        for name, parameter in module.named_parameters(recursive=False):
            first = self.names[id(parameter)]
            leaf = self.leaves.get(first)
            yield NetworkRow(
                key=f"{key}.{name}",
                name=name,
                path=f"{part.path}.{name}" if part.path else name,
                kind="parameter",
                label="",
                detail="",
                depth=depth,
                shape=parameter.shape,
                parameters=(first,),
                flow=GradientFlow.PASSES if leaf in wanted else GradientFlow.NONE,
                use_count=int(leaf is not None),
            )


def _flow(part: NetworkNode, wanted: set[int], learning: set[int]) -> GradientFlow:
    if wanted.isdisjoint(part.outputs):
        return GradientFlow.NONE
    if not wanted.isdisjoint(part.inputs):
        return GradientFlow.PASSES
    return GradientFlow.ENDS if learning.isdisjoint(part.inputs) else GradientFlow.CUT


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
        self._root = NetworkNode(type(model).__name__, "", model)
        self._open = [self._root]
        self._parts: dict[int, NetworkNode] = {id(model): self._root}
        self._values: dict[int, int] = {}
        self._made = {BATCH}
        self._alive: list[Tensor] = []
        self._operations: list[tuple[tuple[int, ...], int]] = []
        self._parameters: dict[int, str] = {}
        for name, parameter in model.named_parameters():
            self._parameters[id(parameter)] = name

    def trace(self, inputs: Inputs) -> Structure:
        with tape.paused(), tape.observe_ops(self._operation), self._wrapped_modules():
            call_model(self._model, as_tensors(inputs))
        self._add_silent(self._root)
        leaves = {
            name: self._values[identity]
            for identity, name in self._parameters.items()
            if identity in self._values
        }
        return Structure(self._root, self._operations, leaves, self._parameters)

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
            part = self._parts[id(module)] = NetworkNode(name, path, module, parent=above)
            above.children.append(part)
        part.uses += 1
        return part

    def _operation(self, op: Op, inputs: Sequence[Tensor], output: Tensor) -> None:
        numbers, made = tuple(map(self._number, inputs)), self._number(output)
        data = [number for number in dict.fromkeys(numbers) if number in self._made]
        self._operations.append((numbers, made))
        self._made.add(made)
        here = self._open[-1]
        if data and not isinstance(op, _PASSED_OVER) and not _is_library(here.module):
            name, shape = _written(op, len(data)), output.shape[1:]
            here.children.append(NetworkNode(name, "", None, here, [], data, [made], shape, uses=1))

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
        assert part.module is not None
        for name, module in part.module.named_children():
            if id(module) not in self._parts:
                path = f"{part.path}.{name}" if part.path else name
                silent = self._parts[id(module)] = NetworkNode(name, path, module, parent=part)
                part.children.append(silent)
                self._add_silent(silent)
        for child in part.children:
            if child.module is not None and child.uses:
                self._add_silent(child)


def _is_library(module: Module | None) -> bool:
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
