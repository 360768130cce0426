"""The structure of a network: its modules and operations in the order in which a batch meets them.

An engine traces one forward pass, module by module, whichever parameters are frozen. The flow of
the gradient follows from this graph for any choice of trained parameters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..inspection import GradientFlow, NetworkRow


@dataclass(frozen=True, slots=True)
class OwnParameter:
    """A parameter that a module registers itself: its name there, its first name, its shape."""

    name: str
    first: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """A module in the tree.

    Attributes
    ----------
    label : its class
    detail : its settings
    parameters : the first names of its parameters, those of its modules among them, each once
    own : the parameters that it registers itself
    """

    label: str
    detail: str
    parameters: tuple[str, ...]
    own: tuple[OwnParameter, ...] = ()


@dataclass(eq=False)
class NetworkNode:
    """A module or an operation, with its data: the numbers of its input and output values.

    ``facts`` is None for an operation.
    """

    name: str
    path: str
    facts: ModuleFacts | None = None
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
    """

    root: NetworkNode
    operations: Sequence[tuple[tuple[int, ...], int]]
    leaves: Mapping[str, int]

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
        facts = part.facts
        yield NetworkRow(
            key=key,
            name=part.name,
            path=part.path,
            kind="operation" if facts is None else "module",
            label="" if facts is None else facts.label,
            detail="" if facts is None else facts.detail,
            depth=depth,
            shape=part.shape,
            parameters=() if facts is None else facts.parameters,
            flow=_flow(part, wanted, learning),
            inputs_with_gradient=(sum(item in wanted for item in part.inputs), len(part.inputs)),
            use_count=part.uses,
        )
        if facts is not None:
            yield from self._parameter_rows(part, facts, depth + 1, wanted, key)
        for place, item in enumerate(part.children):
            yield from self._rows(item, depth + 1, wanted, learning, f"{key}/{place}")

    def _parameter_rows(
        self, part: NetworkNode, facts: ModuleFacts, depth: int, wanted: set[int], key: str
    ) -> Iterator[NetworkRow]:
        """Yield a row for each of a module's own parameters."""
        for item in facts.own:
            leaf = self.leaves.get(item.first)
            yield NetworkRow(
                key=f"{key}.{item.name}",
                name=item.name,
                path=f"{part.path}.{item.name}" if part.path else item.name,
                kind="parameter",
                label="",
                detail="",
                depth=depth,
                shape=item.shape,
                parameters=(item.first,),
                flow=GradientFlow.PASSES if leaf in wanted else GradientFlow.NONE,
                use_count=int(leaf is not None),
            )


def _flow(part: NetworkNode, wanted: set[int], learning: set[int]) -> GradientFlow:
    if wanted.isdisjoint(part.outputs):
        return GradientFlow.NONE
    if not wanted.isdisjoint(part.inputs):
        return GradientFlow.PASSES
    return GradientFlow.ENDS if learning.isdisjoint(part.inputs) else GradientFlow.CUT
