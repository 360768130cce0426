"""The plan of a step: its actions and their memory, for a batch of one size."""

from __future__ import annotations

from collections.abc import Sequence

from ...tensor import Tensor
from ..graph import Graph
from .actions import ActionList
from .call import Call, StridedPointer
from .deferral import Deferral, DeferralOptions
from .gradients import Gradients
from .memory import StepMemory, Workspace
from .random_words import RandomWords


class Plan:
    """The work of a step, for one batch size and one choice of trained parameters.

    Parameters
    ----------
    graph : the step
    workspace : the memory of the program, which all its plans share
    rows : samples in the batch
    trained : the parameters that get a gradient
    losses : the address that the step's loss is written to as a float64, besides its own memory;
        default: nowhere until it is set
    deferral : what the step may leave to its updates or to the next step; default: nothing

    Attributes
    ----------
    actions : what runs, in order
    memory : the arrays of values, gradients and layers
    gradients : which values need a gradient, and where it is written
    random : the random words that the step draws
    deferral : gradients and updates that are made later
    """

    def __init__(
        self,
        graph: Graph,
        workspace: Workspace,
        rows: int,
        trained: Sequence[Tensor],
        losses: StridedPointer | None = None,
        deferral: DeferralOptions | None = None,
    ) -> None:
        self.graph = graph
        self.rows = rows
        self.losses = losses or StridedPointer(8)
        self.memory = StepMemory(workspace, rows)
        self.actions = ActionList(rows, self.memory.hold_flag)
        self.gradients = Gradients(graph, trained, self.memory, self.actions)
        self.random = RandomWords(self.memory, self.actions)
        self.deferral = Deferral(graph, deferral or DeferralOptions())

    @property
    def is_native(self) -> bool:
        """Whether all actions are native calls."""
        return all(isinstance(action, Call) for action in self.actions.all)
