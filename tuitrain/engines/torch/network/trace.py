# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Tracing one forward pass of a network: its modules and operations, and what depends on what."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import Module
from torch.overrides import TorchFunctionMode, _get_current_function_mode

from ...inspection import InputShape
from ...networks.structure import NetworkNode, Structure
from ..handles import remove_all
from .modules import ModuleNodes
from .operations import is_in_place, is_passed_over, operation_label
from .values import TracedValues, every_tensor, tensors_in


class ForwardTrace:
    """Traces the next forward pass that gradients are computed for.

    There are hooks from `arm` until that pass has ended. A pass is that of the network; of one
    whose parts are called by themselves, it is each part's first call. Nothing here changes what
    is computed; if the tracing fails, the pass continues without it.

    Parameters
    ----------
    model : the network
    names : the first name of each parameter, by identity

    Attributes
    ----------
    structure : what was traced; None before
    inputs : of the network, for one sample
    was_left : whether an exception has ended the pass
    """

    def __init__(self, model: Module, names: Mapping[int, str]) -> None:
        self.structure: Structure | None = None
        self.inputs: tuple[InputShape, ...] = ()
        self.was_left = False
        self._nodes = ModuleNodes(model, names)
        self._values = TracedValues(names)
        self._mode = _Operations(self._note_operation)
        self._has_failed = False
        self._open: list[tuple[Module | None, NetworkNode]] = []
        self._thread: int | None = None
        self._has_called: set[int] = set()
        self._handles: list[Any] = []

    def arm(self) -> None:
        """Trace the next pass."""
        for module in self._nodes.modules:
            self._handles += [
                module.register_forward_pre_hook(self._enter, with_kwargs=True),
                module.register_forward_hook(self._leave, always_call=True),
            ]

    def cancel(self) -> None:
        """End the tracing, if there is any; called by the loop's thread, or before it runs."""
        remove_all(self._handles)
        if self._open:  # the pass was left by an exception that hooks are not called for
            self._open = []
            self._mode.leave()

    @contextmanager
    def whole(self, inputs: object) -> Generator[None]:
        """Trace what is computed inside as the network's pass over a batch's inputs."""
        self.arm()
        self._thread = threading.get_ident()
        root = self._nodes.root
        self._note_batch(root, inputs)
        self._open.append((None, root))
        self._mode.enter()
        try:
            yield
        finally:
            self.cancel()
        if not self._has_failed:
            self._finish()

    def _enter(self, module: Module, inputs: Any, named: Any) -> None:
        """Open the call of a module: its hook before the forward pass."""
        if not self._handles or not self._nodes.is_own(module) or not self._is_thread():
            return
        if not self._open and not self._begins_with(module):
            return
        node = self._nodes.root
        with self._noting():
            if self._open:
                node = self._nodes.enter(module, self._open[-1][1])
                numbers = (self._values.number(item) for item in tensors_in([inputs, named]))
                _extend(node.inputs, numbers)
            else:
                node = self._nodes.enter(module, node)
                self._note_batch(node, [inputs, named])
        self._open.append((module, node))
        if len(self._open) == 1:
            self._mode.enter()

    def _is_thread(self) -> bool:
        """Whether this is the thread of the pass: the first in which a module is called."""
        if self._thread is None and torch.is_grad_enabled():
            self._thread = threading.get_ident()
        return self._thread == threading.get_ident()

    def _begins_with(self, module: Module) -> bool:
        """Whether the call of a module by the script belongs to the pass; else the pass ends."""
        if not torch.is_grad_enabled():
            return False
        if id(module) in self._has_called:
            self._finish()  # the parts of another step
            return False
        self._has_called.add(id(module))
        return True

    def _leave(self, module: Module, inputs: Any, output: Any) -> None:
        """Close the call of a module: its hook after the forward pass."""
        del inputs
        if not self._open or self._open[-1][0] is not module or not self._is_thread():
            return
        node = self._open[-1][1]
        if output is None and sys.exc_info()[1] is not None:  # the module has raised
            self.was_left = True
        with self._noting():
            self._note_output(module, node, output)
        self._open.pop()
        if not self._open:
            self._close(node)

    def _close(self, node: NetworkNode) -> None:
        """End the outermost call."""
        self._mode.leave()
        root = self._nodes.root
        if self._has_failed or self.was_left:
            remove_all(self._handles)
        elif node is root:
            self._finish()
        else:
            _extend(root.outputs, node.outputs)
            root.uses, root.shape = 1, node.shape

    @contextmanager
    def _noting(self) -> Generator[None]:
        """Report nothing that is computed inside; a failure ends the tracing, and not the pass."""
        was_reporting, self._mode.is_reporting = self._mode.is_reporting, False
        try:
            yield
        except Exception:  # a tensor of another library may refuse any question
            self._has_failed = True
        finally:
            self._mode.is_reporting = was_reporting

    def _note_batch(self, node: NetworkNode, inputs: object) -> None:
        """Note the inputs of the outermost call."""
        root, values = self._nodes.root, self._values
        tensors = list(tensors_in(inputs))
        batch = [values.note_source(item, [*root.outputs]) for item in tensors]
        values.made.update(batch)
        _extend(node.inputs, batch)
        if node is root or not root.inputs:
            _extend(root.inputs, batch)
            self.inputs = tuple(
                InputShape(tuple(item.shape[1:]), str(item.dtype).removeprefix("torch."))
                for item in tensors
            )

    def _note_output(self, module: Module, node: NetworkNode, output: Any) -> None:
        for item in tensors_in(output):
            if not self._values.is_known(item):  # its operations were not observed
                weights = map(self._values.number, module.parameters())
                self._values.make([*node.inputs, *weights], item)
            _extend(node.outputs, [self._values.number(item)])
        node.shape = next((tuple(item.shape[1:]) for item in tensors_in(output)), ())

    def _note_operation(self, name: str, arguments: Any, result: Any) -> None:
        with self._noting():
            if self._open:
                self._note_values(name, arguments, result)

    def _note_values(self, name: str, arguments: Any, result: Any) -> None:
        node, values = self._open[-1][1], self._values
        used = every_tensor(arguments)
        sources = [*node.inputs]
        numbers = tuple(values.note_source(item, sources) for item in used)
        written = used[:1] if is_in_place(name) else []
        unchanged = {id(item) for item in used} - {id(item) for item in written}
        outputs = {id(item): item for item in [*written, *tensors_in(result)]}
        data = [number for number in dict.fromkeys(numbers) if number in values.made]
        made = [
            values.make(numbers, item)
            for identity, item in outputs.items()
            if identity not in unchanged
        ]
        if not made or not data or is_passed_over(name) or self._nodes.is_library(node):
            return
        first = next(iter(outputs.values()))
        if first.is_floating_point():
            shape = tuple(first.shape[1:])
            label = operation_label(name, len(data))
            node.children.append(NetworkNode(label, "", None, [], data, made, shape, uses=1))

    def _finish(self) -> None:
        """Keep the structure, and nothing of what was computed."""
        remove_all(self._handles)
        root, values = self._nodes.root, self._values
        leaves = values.leaves()
        self._nodes.add_silent(leaves.keys())
        if not root.outputs:
            root.outputs = [output for _, output in values.operations[-1:]]
        root.uses = max(1, root.uses)
        self.structure = Structure(root, values.operations, leaves)
        self._values = TracedValues({})


class _Operations(TorchFunctionMode):
    """Reports every function of PyTorch that is called while it is entered.

    Attributes
    ----------
    is_reporting : whether the observer is called
    """

    def __init__(self, observer: Callable[[str, Any, Any], None]) -> None:
        super().__init__()
        self._observer = observer
        self.is_reporting = False

    def enter(self) -> None:
        """Begin to report what the thread calls."""
        self.__enter__()
        self.is_reporting = True

    def leave(self) -> None:
        """End reporting; without effect where another mode was entered since and not left."""
        self.is_reporting = False
        if _get_current_function_mode() is self:
            self.__exit__(None, None, None)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if self.is_reporting:
            self._observer(getattr(func, "__name__", ""), [args, kwargs], result)
        return result


def _extend(into: list[int], numbers: Any) -> None:
    into += [number for number in dict.fromkeys(numbers) if number not in into]
