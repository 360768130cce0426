"""What a script has to know of a network: how to name its parameters, and its norm layers."""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterable, Mapping, Sequence

from tuitrain.engines.targets import Names, parameters_matching
from tuitrain_core.module import BatchNorm1d, BatchNorm2d, Module

from .source import Call, call, literal


class Network:
    """A network by the names of its parts; in the script it is called ``net``."""

    def __init__(self, net: Module) -> None:
        named, aliases = dict(net.named_parameters()), net.aliases()
        self.parameters: Names = {name: aliases.get(name, ()) for name in named}
        name_of = {id(parameter): name for name, parameter in named.items()}
        self._norms = {
            _path(net, name, part): [name_of[id(own)] for own in part.parameters()]
            for name, part in net.named_modules()
            if isinstance(part, BatchNorm1d | BatchNorm2d)
        }

    def selected(self, names: Collection[str], preferred: Sequence[str] = ()) -> Call:
        """Return the expression for some parameters: by these globs if they say it, or by layer."""
        if len(names) == len(self.parameters):
            return call("net.parameters")
        wanted = [name for name in self.parameters if name in names]
        exactly = [glob.escape(name) for name in wanted]
        for globs in (list(preferred), self._by_layer(wanted), exactly):
            if parameters_matching(globs, self.parameters) == wanted:
                break
        return call("net.select", *map(literal, globs))

    def frozen_norms(self, frozen: Collection[str]) -> dict[str, bool]:
        """Say of each norm layer, by its expression, whether all that it has is frozen."""
        return {
            path: bool(own) and all(name in frozen for name in own)
            for path, own in self._norms.items()
        }

    def _by_layer(self, wanted: Collection[str]) -> list[str]:
        found: dict[str, None] = {}
        for name in wanted:
            layer = name.rpartition(".")[0]
            inside = [each for each in self.parameters if each.startswith(f"{layer}.")]
            whole = bool(layer) and all(each in wanted for each in inside)
            found[f"{glob.escape(layer)}.*" if whole else glob.escape(name)] = None
        return list(found)


def members_by_group(names: Collection[str], groups: Iterable[Mapping]) -> dict[str, list[str]]:
    """Say which of these parameters each group holds; groups that hold none are left out."""
    found = {group["name"]: [n for n in group["members"] if n in names] for group in groups}
    return {name: members for name, members in found.items() if members}


def _path(net: Module, name: str, part: Module) -> str:
    """Return the expression for a part of the network."""
    found: object = net
    for step in name.split("."):
        found = getattr(found, step, None) if step.isidentifier() else None
    return f"net.{name}" if found is part else f"dict(net.named_modules())[{literal(name)}]"
