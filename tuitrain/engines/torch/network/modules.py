# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The modules of a network as nodes of its tree, and the tree as they are registered."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Final

import torch
from torch.nn import Module, Sequential
from torch.nn.parameter import is_lazy

from ...networks.structure import ModuleFacts, NetworkNode, OwnParameter, Structure
from ..arrays import unwrap

_LIBRARY: Final = "torch.nn.modules"
"""The operations inside of PyTorch's own layers are not listed: the layers' names say them."""

_WRAPPED: Final = "_orig_mod."


class ModuleNodes:
    """The nodes of a network's modules, each made once.

    Parameters
    ----------
    model : the network
    names : the first name of each parameter, by identity

    Attributes
    ----------
    root : the network's node
    """

    def __init__(self, model: Module, names: Mapping[int, str]) -> None:
        self._names = names
        self._model = unwrap(model)
        self._paths = {
            id(module): path.replace(_WRAPPED, "") for path, module in self._model.named_modules()
        }
        self._nodes: dict[int, NetworkNode] = {}
        self._modules: dict[NetworkNode, Module] = {}
        self._used: Set[str] = frozenset()
        self.root = self._add(type(self._model).__name__, "", self._model)

    @property
    def modules(self) -> list[Module]:
        """Every module of the network."""
        return list(self._model.modules())

    def is_own(self, module: Module) -> bool:
        """Whether a module is a part of the network, or the network."""
        return id(module) in self._paths

    def is_library(self, node: NetworkNode) -> bool:
        """Whether a node is that of a layer of PyTorch, which is not a container."""
        kind = type(self._modules[node])
        return kind.__module__.startswith(_LIBRARY) and not issubclass(kind, Sequential)

    def enter(self, module: Module, above: NetworkNode) -> NetworkNode:
        """Return the node of a module that is called within another one; counts the call."""
        node = self._nodes.get(id(module))
        if node is None:
            node = self._add_below(module, above)
        node.uses += 1
        return node

    def add_silent(self, used: Set[str]) -> None:
        """Add the modules with parameters that were not called.

        Parameters
        ----------
        used : the parameters that were used, without a call of their modules: by those above them
        """
        self._used = used
        for node in list(self._modules):
            for child in self._modules[node].children():
                self._add_missing(child, node)

    def registered(self) -> Structure:
        """Return the tree as if a batch passed through the modules as they are registered."""
        leaves = {
            name: -1 - place for place, name in enumerate(dict.fromkeys(self._names.values()))
        }
        operations: list[tuple[tuple[int, ...], int]] = []

        def visit(node: NetworkNode) -> None:
            node.uses = 1
            node.inputs = [len(operations)]
            facts = node.facts
            if facts is not None and facts.own:
                used = (leaves[item.first] for item in facts.own)
                operations.append(((len(operations), *used), len(operations) + 1))
            for child in self._modules[node].children():
                if id(child) not in self._nodes:
                    visit(self._add_below(child, node))
            node.outputs = [len(operations)]

        visit(self.root)
        return Structure(self.root, operations, leaves)

    def _add_missing(self, module: Module, node: NetworkNode) -> None:
        if id(module) in self._nodes or next(module.parameters(), None) is None:
            return
        if any(id(item) in self._nodes for item in module.modules()):
            for child in module.children():  # a list of modules is not called itself
                self._add_missing(child, node)
            return
        silent = self._add_below(module, node)
        if silent.facts is not None and not self._used.isdisjoint(silent.facts.parameters):
            silent.uses, silent.inputs, silent.outputs = 1, node.inputs, node.outputs
        for child in module.children():
            self._add_missing(child, silent)

    def _add_below(self, module: Module, above: NetworkNode) -> NetworkNode:
        path = self._paths[id(module)]
        name = path.removeprefix(f"{above.path}.") if above.path else path
        node = self._add(name, path, module)
        above.children.append(node)
        return node

    def _add(self, name: str, path: str, module: Module) -> NetworkNode:
        facts = ModuleFacts(
            type(module).__name__,
            _detail(module),
            tuple(dict.fromkeys(self._names[id(item)] for item in module.parameters())),
            tuple(
                OwnParameter(own, self._names[id(item)], _shape(item))
                for own, item in module.named_parameters(recurse=False)
            ),
        )
        node = self._nodes[id(module)] = NetworkNode(name, path, facts)
        self._modules[node] = module
        return node


def _detail(module: Module) -> str:
    """Return the settings of a module; "" if its own code for them fails."""
    try:
        return module.extra_repr()
    except Exception:
        return ""


def _shape(parameter: Any) -> tuple[int, ...]:
    """Return the shape of a parameter; () while a lazy module does not know it."""
    return () if is_lazy(parameter) else tuple(torch.Tensor.size(parameter))
