"""The names of a network's parameters and norm layers in a program."""

from __future__ import annotations

import glob
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from tuitrain.engines.targets import ParameterAliases, match_parameters
from tuitrain_core.module import Module

from .codegen_source import Call, call, literal


class Network:
    """The names of a network's parts; in the program it is called ``net``.

    Parameters
    ----------
    net : the network, made as the program makes it
    held_modules : returns which modules keep their buffers; see `Steerable.held_modules`
    """

    def __init__(
        self, net: Module, held_modules: Callable[[Collection[str]], Mapping[str, bool]]
    ) -> None:
        named, aliases = dict(net.named_parameters()), net.aliases()
        self.parameters: ParameterAliases = {name: aliases.get(name, ()) for name in named}
        self._held_modules = held_modules
        self._paths = {name: _path(net, name, part) for name, part in net.named_modules()}

    def select_expression(self, names: Collection[str], preferred: Sequence[str] = ()) -> Call:
        """Return the expression for parameters: by these globs if they match, or by layer."""
        if len(names) == len(self.parameters):
            return call("net.parameters")
        wanted = [name for name in self.parameters if name in names]
        exactly = [glob.escape(name) for name in wanted]
        for globs in (list(preferred), self._by_layer(wanted), exactly):
            if match_parameters(globs, self.parameters) == wanted:
                break
        return call("net.select", *map(literal, globs))

    def frozen_norms(self, frozen: Collection[str]) -> dict[str, bool]:
        """Return, by the expression of each module with buffers, whether the buffers are held.

        Parameters
        ----------
        frozen : first names of the frozen parameters
        """
        return {self._paths[name]: still for name, still in self._held_modules(frozen).items()}

    def _by_layer(self, wanted: Collection[str]) -> list[str]:
        globs: dict[str, None] = {}
        for name in wanted:
            layer = name.rpartition(".")[0]
            inside = [other for other in self.parameters if other.startswith(f"{layer}.")]
            whole = bool(layer) and all(other in wanted for other in inside)
            globs[f"{glob.escape(layer)}.*" if whole else glob.escape(name)] = None
        return list(globs)


def members_by_group(names: Collection[str], groups: Iterable[Mapping]) -> dict[str, list[str]]:
    """Return which of these parameters each group holds, without groups that hold none."""
    members_of = {group["name"]: [n for n in group["members"] if n in names] for group in groups}
    return {name: members for name, members in members_of.items() if members}


def _path(net: Module, name: str, part: Module) -> str:
    """Return the expression for a part of the network."""
    if part is net:
        return "net"
    module: object = net
    for step in name.split("."):
        module = getattr(module, step, None) if step.isidentifier() else None
    return f"net.{name}" if module is part else f"dict(net.named_modules())[{literal(name)}]"
