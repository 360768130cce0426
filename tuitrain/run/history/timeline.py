"""The timeline: the branches of a run, their curves, and ways back to any of their steps.

Going back is exact: the nearest cached state is loaded, and the same steps are taken again with the
same decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tuitrain.commands import AnyCommand, to_text
from tuitrain.engines.engine import Engine
from tuitrain.engines.state import EngineState

from .branch import Branch
from .branch_steps import BranchSteps
from .branch_tree import BranchTree
from .state_cache import BUDGET_BYTES, Decision

RETRAINING = "training again"


class Timeline(BranchSteps):
    """The branches of a run, and the moves of the engine between their steps.

    The parameters, and further attributes, are those of `BranchSteps`.

    Attributes
    ----------
    left_branches : the other branches, by name, oldest first
    purpose : why steps are retrained or tried, in a few words
    """

    def __init__(
        self,
        engine: Engine,
        steps_per_epoch: int,
        budget: int = BUDGET_BYTES,
        cache_every: int = 50,
        evaluate_every: int = 0,
        batch_size: int = 0,
    ) -> None:
        self._tree: BranchTree[Decision] = BranchTree()
        first = Branch(self._tree.current)
        super().__init__(
            engine, first, steps_per_epoch, budget, cache_every, evaluate_every, batch_size
        )
        self.left_branches: dict[str, Branch] = {}
        self.purpose = RETRAINING

    @property
    def tree(self) -> BranchTree[Decision]:
        """All branches without their curves."""
        return self._tree

    @property
    def undone(self) -> tuple[str, ...]:
        """The names of the branches that `redo` can return to, the next one last."""
        return self._tree.undone

    @property
    def branches_made(self) -> int:
        """The number of branches made after the first."""
        return self._tree.made

    def restore(
        self,
        state: EngineState,
        branch: Branch,
        left: Iterable[Branch],
        undone: Iterable[str],
        made: int,
    ) -> None:
        """Continue a branch from a saved state.

        Raises
        ------
        StateMismatchError : the state does not fit the engine; nothing was changed
        """
        self._engine.load_state(state)
        self.branch, self.left_branches = branch, {other.name: other for other in left}
        nodes = {name: other.node for name, other in self.left_branches.items()}
        self._tree = BranchTree(branch.node, nodes, tuple(undone), made)
        undecided = all(decision.step < state.step for decision in branch.decisions)
        if undecided and not self._states.has(state.step, branch.decisions):
            self._states.add(replace(state, gradients={}), branch.decisions)

    def add_decision(self, command: AnyCommand) -> None:
        """Add a command that has changed the engine, at this boundary."""
        self._tree = self._tree.decide(Decision(self._engine.step, command))
        self.branch.node = self._tree.current

    def clear_undone(self) -> None:
        """Forget the branches that `redo` returns to."""
        self._tree = replace(self._tree, undone=())

    def rewind(self, step: int) -> str:
        """Go back to the boundary before ``step``; return the name of the branch left there."""
        return self._move_to(self._tree.rewind(step, self._engine.step), step)

    def return_to(self, step: int, decisions: Sequence[Decision]) -> str:
        """Return to step ``step`` of the branch with these decisions, all applied.

        Returns
        -------
        The name of the branch that was left
        """
        return self._move_to(self._tree.return_to(step, decisions, self._engine.step), step)

    def undo(self) -> tuple[Decision, str]:
        """Retrain to this step without the last decision; return the decision and the branch left.

        Raises
        ------
        LookupError : nothing was decided on this branch
        """
        step, tree = self._engine.step, self._tree.undo(self._engine.step)
        undone = self.branch.decisions[-1]
        return undone, self._move_to(tree, step)

    def redo(self) -> tuple[Decision, str]:
        """Return to the branch that the last undo left, at this step; return values as `undo`.

        Raises
        ------
        LookupError : nothing was undone, or a decision was made since
        """
        step, tree = self._engine.step, self._tree.redo(self._engine.step)
        left = self._move_to(tree, step)
        return self.branch.decisions[-1], left

    def switch(self, name: str) -> str:
        """Return to the tip of another branch; return the name of the one left.

        Raises
        ------
        LookupError : there is no other branch of this name
        """
        tree = self._tree.switch(name, self._engine.step)
        return self._move_to(tree, tree.current.tip)

    def explore(self, command: AnyCommand, steps: int) -> tuple[Branch, bool]:
        """Take ``steps`` steps with a command on a new branch, and return here.

        Returns
        -------
        The new branch, and whether the command changed anything.

        Raises
        ------
        RefusedError : the command cannot be applied; no branch is made
        """
        here, branch = self._engine.step, self.branch
        self._note_tip()
        changed = self._engine.apply(command).changed
        # Even if it changed nothing, `undo` on this branch takes the command back.
        tree = self._tree.explore(Decision(here, command), steps, here)
        self.branch = tried = branch.fork_at(tree.explored)
        self.purpose = f"trying {to_text(command)}"
        self._run_to(here + steps, here + steps)
        self._note_tip()
        self.purpose = RETRAINING
        self.left_branches[tried.name] = tried
        self._tree, self.branch = tree, branch
        self._retrain_to(here)
        return tried, changed

    def _note_tip(self) -> None:
        """Note the parameters at this step, where the run leaves the branch for another."""
        self._tips.note(self.branch.name, self._engine.step, self._engine.parameters)

    def _move_to(self, tree: BranchTree[Decision], target: int) -> str:
        """Move to the current branch of ``tree``, at step ``target``; return the branch left."""
        left = self.branch
        self._note_tip()
        self._tree = tree
        left.node = tree.left[left.name]
        self.left_branches[left.name] = left
        returned = self.left_branches.pop(tree.current.name, None)
        self.branch = returned or left.fork_at(tree.current)
        self.branch.node = tree.current
        self._retrain_to(target)
        return left.name
