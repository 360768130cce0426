"""The timeline: the branches of a run, their curves, and ways back to any of their steps.

Going back is exact: the nearest cached state is loaded, and the same steps are taken again with the
same decisions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from tuitrain.commands import AnyCommand, to_text
from tuitrain.engines.engine import Engine
from tuitrain.engines.pending_step import HoldCondition, PendingStep
from tuitrain.engines.state import EngineState
from tuitrain.engines.trainable import ignore_batch

from ..batches import Batches
from .branch import Branch
from .branch_tree import BranchTree
from .state_cache import BUDGET_BYTES, Decision, StateCache

RETRAINING = "training again"


def _ignore_difference(step: int, before: float, now: float) -> None:
    del step, before, now


def _ignore_progress(step: int, target: int) -> None:
    del step, target


class Timeline:
    """The branches of a run, and the engine's place on one of them.

    Parameters
    ----------
    engine : before its first step
    steps_per_epoch : the length of an epoch
    budget : bytes that cached states may take
    cache_every : steps between cached states, before they are thinned out
    evaluate_every : steps between measurements on the test set; 0 for an epoch
    batch_size : the samples of a step, where the engine does not know it, or 0

    Attributes
    ----------
    branch : the branch that the run is on
    left_branches : the other branches, by name, oldest first
    stops : steps at which `on_stop` is called while steps are retrained
    purpose : why steps are retrained or tried, in a few words
    also_cached : a further step whose state is cached, or 0
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
        self._cache_every = cache_every
        self._engine = engine
        self._per_epoch = steps_per_epoch
        self._evaluate_every = evaluate_every or steps_per_epoch
        size, samples = engine.batch_size, engine.samples_per_epoch
        if batch_size > 1 and (size, samples) == (1, steps_per_epoch):  # it counts its steps
            size, samples = batch_size, batch_size * steps_per_epoch
        self.batches = Batches(size, samples, steps_per_epoch)
        self._states = StateCache(budget)
        self._states.add(engine.state(), ())
        self._tree: BranchTree[Decision] = BranchTree()
        self.branch: Branch = Branch(self._tree.current)
        self.left_branches: dict[str, Branch] = {}
        self.on_progress: Callable[[int, int], None] = _ignore_progress
        """Called while steps are retrained, with the present step and the last one."""
        self.training: Callable[[], AbstractContextManager[None]] = nullcontext
        """A context that is entered while the engine trains or evaluates, to time it."""
        self.on_difference: Callable[[int, float, float], None] = _ignore_difference
        """Called with a step that was retrained, its loss before, and its other loss now."""
        self.stops: Sequence[int] = ()
        self.on_stop: Callable[[], None] = lambda: None
        self.purpose = RETRAINING
        self.also_cached = 0

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
        """How many branches were made besides the first."""
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

    def cached_steps(self) -> tuple[int, ...]:
        """Return the steps of this branch with cached states; the same tuple while unchanged."""
        return self._states.steps(self.branch.decisions)

    def discard_state(self, step: int) -> None:
        """Drop the cached state of a step; steps are retrained instead when needed."""
        self._states.discard(step)

    def add_decision(self, command: AnyCommand) -> None:
        """Add a command that has changed the engine, at this boundary."""
        self._tree = self._tree.decide(Decision(self._engine.step, command))
        self.branch.node = self._tree.current

    def clear_undone(self) -> None:
        """Forget the branches that `redo` returns to."""
        self._tree = replace(self._tree, undone=())

    def next_stop(self) -> int:
        """Return the next step at which a state is due for the cache."""
        step = self._engine.step
        due = (step // self._cache_every + 1) * self._cache_every
        return min(due, self.also_cached) if step < self.also_cached else due

    def advance(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None = None,
        hold_condition: HoldCondition | None = None,
    ) -> Sequence[float]:
        """Take steps, at most up to `next_stop`, and add their losses; cache a state when due.

        The parameters are those of `Engine.run`.
        """
        before = self._engine.step
        steps = min(steps, self.next_stop() - before)
        with self.training():
            losses = self._engine.run(steps, should_stop, should_hold, hold_condition)
        known = len(self.branch.loss)
        if known > before:
            self._compare(before, losses)
        self.branch.loss.extend(known + 1, losses[known - before :] if known > before else losses)
        step, decisions = self._engine.step, self.branch.decisions
        # Only after progress: at the boundary of a held step, decisions may exist already.
        is_due = step % self._cache_every == 0 or step == self.also_cached
        if losses and is_due and not self._states.has(step, decisions):
            self._states.add(self._engine.state(), decisions)
        return losses

    def _compare(self, before: int, losses: Sequence[float]) -> None:
        """Compare the losses of retrained steps with those that they had."""
        known = self.branch.loss.between(before, before + len(losses))
        for index, (was, now) in enumerate(zip(known, losses, strict=False)):
            if was != now and not (math.isnan(was) and math.isnan(now)):
                self.on_difference(before + index + 1, was, now)
                return

    def measure(self, on_batch: Callable[[], None] = ignore_batch) -> Mapping[str, float]:
        """Return the metrics of the test set now, by name; measured at most once a step.

        Parameters
        ----------
        on_batch : called after each batch of the test set; see `Trainable.evaluate`
        """
        step, metrics = self._engine.step, self.branch.metrics
        if metrics.last_step != step:
            with self.training():
                values = self._engine.evaluate(on_batch)
            metrics.add(step, values)
        return metrics.at(step)

    def rewind(self, step: int) -> str:
        """Go back to the boundary before ``step``; return the name of the branch left there."""
        return self._move_to(self._tree.rewind(step, self._engine.step), step)

    def return_to(self, step: int, decisions: Sequence[Decision]) -> str:
        """Return to step ``step`` of the branch with these decisions, with all of them applied.

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
        changed = self._engine.apply(command).changed
        # Even if it changed nothing, `undo` on this branch takes the command back.
        tree = self._tree.explore(Decision(here, command), steps, here)
        self.branch = tried = branch.fork_at(tree.explored)
        self.purpose = f"trying {to_text(command)}"
        self._run_to(here + steps, here + steps)
        self.purpose = RETRAINING
        self.left_branches[tried.name] = tried
        self._tree, self.branch = tree, branch
        self._retrain_to(here)
        return tried, changed

    def train_loss(self) -> float:
        """Return the mean loss of the present epoch; at its end, of the epoch just ended.

        Samples weigh equally, so a smaller last batch counts less.
        """
        step = self._engine.step
        if not step:
            return math.nan
        losses = self.branch.loss.last((step - 1) % self._per_epoch + 1)
        return self.batches.mean_loss(losses, step)

    def _move_to(self, tree: BranchTree[Decision], target: int) -> str:
        """Move to the current branch of ``tree``, at step ``target``; return the branch left."""
        left = self.branch
        self._tree = tree
        left.node = tree.left[left.name]
        self.left_branches[left.name] = left
        returned = self.left_branches.pop(tree.current.name, None)
        self.branch = returned or left.fork_at(tree.current)
        self.branch.node = tree.current
        self._retrain_to(target)
        return left.name

    def _retrain_to(self, target: int) -> None:
        """Go to the boundary before step ``target`` of the current branch, with its decisions.

        At least the last step is retrained, for its gradients. A later state of another branch
        would serve too, but this branch lacks the losses up to it.
        """
        known = min(max(target - 1, 0), len(self.branch.loss))
        state = self._states.nearest(known, self.branch.decisions)
        assert state is not None, "the first state is never dropped"
        self._engine.load_state(state)
        ahead = [decision for decision in self.branch.decisions if decision.step >= state.step]
        for step in [*sorted({decision.step for decision in ahead}), target]:
            self._run_to(min(step, target), target)
            for decision in ahead:
                if decision.step == step:
                    self._engine.apply(decision.command)
            ahead = [decision for decision in ahead if decision.step > step]

    def _run_to(self, step: int, target: int) -> None:
        while self._engine.step < step:
            due = (self._engine.step // self._evaluate_every + 1) * self._evaluate_every
            stop = next((later for later in self.stops if later > self._engine.step), step)
            self.advance(min(step, due, stop) - self._engine.step, lambda: False)
            if self._engine.step == stop:
                self.on_stop()
            now = self._engine.step
            is_due = now == due or self._engine.has_reported
            if is_due and self.branch.metrics.last_step < now:
                self.measure()
            self.on_progress(self._engine.step, target)
