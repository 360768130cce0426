"""The embedded engine: the core's model, optimizers and loader, steered between steps."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from tuitrain.commands import AnyCommand, Clip, Freeze, to_text
from tuitrain_core import random, tape, tensor, threads
from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.digest import digest, digests
from tuitrain_core.module import BatchNorm1d, BatchNorm2d, Module
from tuitrain_core.native.library import Listener, build
from tuitrain_core.optimizer import ParameterState
from tuitrain_core.program import Recording

from ..base import Array, Change, Pending, Watch, read_only
from ..closeups import BatchView, NetworkView, SeeBatch
from ..inspection import view_of
from ..state import EngineState
from ..views import GroupView, LayerUnits, OptimizerChoice, ParameterView
from .capture import capture, check, restore_random
from .description import describe
from .environment import environment
from .examination import Examined, batch_view, guess
from .freezing import FrozenParameters
from .groups import GroupPlan, GroupTable
from .pending import PendingStep
from .rules import choices, compile_rules
from .steering import Steering
from .stepping import Stepper
from .structure import Structure, structure_of

TEST_BATCH = 500

Moving: TypeAlias = tuple[Mapping[str, Array], Mapping[str, Any]]
"""What a forward pass moves: buffers, and the state of the random generator."""


def _nobody(_name: str, _done: int, _total: int) -> None:
    """Nobody waits for the kernels."""


class EmbeddedEngine:
    """Trains a module on labelled images with the cross entropy.

    Parameters
    ----------
    make_model : makes the module; called once, with the random generator seeded
    train, test : what is learned from, and what accuracy is measured on
    plans : the groups to begin with
    seed : of initial weights, of the order of the data and of dropout
    batch_size : samples in a batch

    Raises
    ------
    RefusedError : the plans do not fit the model's parameters
    """

    def __init__(
        self,
        make_model: Callable[[], Module],
        train: Dataset,
        test: Dataset,
        plans: Sequence[GroupPlan],
        seed: int = 0,
        batch_size: int = 64,
    ) -> None:
        threads.one_blas_thread()
        self._arguments = (make_model, train, test, plans, seed, batch_size)
        self._random = random.new_generator(seed)
        with random.use(self._random):
            self._model = make_model()
        self._parameters = dict(self._model.named_parameters())
        self._loader = DataLoader(train, batch_size, seed)
        self._test = DataLoader(test, TEST_BATCH, shuffle=False)
        self._table = GroupTable(self._parameters, plans, self._model.aliases())
        self._evaluation = Recording(self._model, self._test, training=False)
        self._stepper = Stepper(self._model, self._loader, self._table, self._parameters)
        self._frozen = FrozenParameters(self._parameters)
        self._steering = Steering(self._table, self._frozen, len(self._loader))
        self._structure: Structure | None = None
        self._step = 0
        for plan in plans:
            if plan.frozen:
                self._steering.apply(Freeze(plan.name), 0)
        self._follow_freezes()

    @property
    def step(self) -> int:
        """Steps taken."""
        return self._step

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one pass over the training data."""
        return len(self._loader)

    @property
    def batch_size(self) -> int:
        """Samples in a full batch."""
        return self._loader.batch_size

    def apply(self, command: AnyCommand) -> Change:
        """Apply a command to the groups; see `Engine.apply`."""
        if isinstance(command, Clip):
            return self._set_clip(command)
        change = self._steering.apply(command, self._step)
        self._follow_freezes()
        return change

    def preview(self, command: AnyCommand) -> Mapping[str, tuple[float, float]]:
        """Say what the next update would be after a command; see `Engine.preview`.

        Scouts take the step, made alike and thrown away: nothing of this engine is touched.
        """
        state = self.state()
        without, with_it = self._scout(state), self._scout(state)
        with_it.apply(command)
        now, after = without._next_ratios(), with_it._next_ratios()
        return {name: (now.get(name, math.nan), ratio) for name, ratio in after.items()}

    def run(
        self,
        steps: int,
        until: Callable[[], bool],
        hold: Callable[[Pending], bool] | None = None,
        watch: Watch | None = None,
    ) -> Sequence[float]:
        """Take at least one and at most ``steps`` steps; see `Engine.run`."""
        losses: list[float] = []
        with random.use(self._random):
            while len(losses) < steps:
                taken = self._some(steps - len(losses), losses, hold, watch)
                self._step += len(taken)
                losses += taken
                if not taken or until():
                    break
        return losses

    def warm_up(self, listener: Listener = _nobody) -> None:
        """Compile every kernel that training, evaluation or a swap will call.

        A scout does it, made alike and thrown away: nothing of this engine is touched.

        Parameters
        ----------
        listener : is told of each kernel: its name, how many are ready, how many there are
        """
        build(self._stepper.kernels(), listener)
        scout = self._scout(self.state())
        scout.run(1, lambda: True)
        scout._logits(0)
        if not self._stepper.recorded:
            compile_rules()

    def interrupt(self) -> None:
        """End `run` at the next step boundary; see `Engine.interrupt`."""
        self._stepper.interrupt()

    def evaluate(self) -> float:
        """Return the accuracy on the test set, from 0 to 1."""
        batches = (self._logits(index) for index in range(len(self._test)))
        right = sum(int(np.count_nonzero(guess(out) == labels)) for out, labels in batches)
        return right / len(self._test.dataset)

    def _logits(self, index: int) -> tuple[Array, Array]:
        """Return the logits of a batch of the test set, and its labels."""
        with random.use(self._random):
            recorded = self._evaluation.logits(index, self._stepper.threads)
        if recorded is not None:
            return recorded
        images, labels = self._test.batch(index)
        return self._eager_logits(images), labels

    def _eager_logits(self, images: Array) -> Array:
        with random.use(self._random), tape.paused(), self._evaluating():
            return self._model(tensor(images)).numpy()

    def _logits_of(self, rows: Array) -> Array:
        """Return the logits of samples of the training set, as an evaluation would have them."""
        images, labels = self._loader.samples(rows)
        recorded = self._evaluation.logits_of(images, labels)
        return self._eager_logits(images) if recorded is None else recorded

    def network(self) -> NetworkView:
        """Describe the network, and where its gradient flows; see `Engine.network`."""
        if self._structure is None:
            self._structure = self._listen()
        norms = {
            name: statistics.grad_norm
            for name in self._stepper.trained
            if (statistics := self._table.of(name).optimizer.statistics.get(self._parameters[name]))
        }
        return NetworkView(
            step=self._step,
            data=self._loader.dataset.images.shape[1:],
            rows=self._structure.rows(self._stepper.trained),
            grad_norms=norms,
        )

    def examine(self, asked: SeeBatch) -> BatchView:
        """Show samples and what the network makes of them; see `Engine.examine`."""
        test = Examined.of(self._test.dataset, map(self._logits, range(len(self._test))))
        upcoming = self._loader.rows(self._step)
        return batch_view(asked, self._step, test, self._loader.dataset, upcoming, self._logits_of)

    def _listen(self) -> Structure:
        """Hear what the network does with two samples, and put back what that moves."""
        images, _ = self._loader.samples(np.arange(min(2, len(self._loader.dataset))))
        before = self._moving()
        try:
            with random.use(self._random), self._evaluating():
                return structure_of(self._model, images)
        finally:
            self._put_back(before)

    def groups(self) -> tuple[GroupView, ...]:
        """Describe the groups, in order."""
        self._frozen.verify()
        return tuple(
            describe(group, self._parameters, self._table.aliases, self._frozen, self._step)
            for group in self._table
        )

    def inspect(self, parameter: str) -> ParameterView | None:
        """Describe one parameter in full; None if there is none of that name."""
        name = self._table.first_name(parameter)
        found = self._parameters.get(name)
        if found is None:
            return None
        return ParameterView(
            name=name,
            shape=found.shape,
            group=self.group_of(name),
            step=self._step,
            frozen_since=self._frozen.since(name),
            value=view_of(found.numpy()),
            grad=None if found.grad is None else view_of(found.grad.numpy()),
            aliases=self._table.aliases[name],
        )

    def dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units in the batch of the next step; see `Engine.dead_units`."""
        with random.use(self._random):
            return self._dead_units(self._moving())

    def optimizers(self) -> tuple[OptimizerChoice, ...]:
        """Say what a group's optimizer can be swapped to."""
        return choices()

    def parameters(self) -> Mapping[str, Array]:
        """Return every parameter by name, read-only and live."""
        return {name: read_only(each.numpy()) for name, each in self._parameters.items()}

    def gradient(self, parameter: str) -> Array | None:
        """Return the gradient of the last step, or None where none was computed."""
        grad = self._parameters[parameter].grad
        return None if grad is None else read_only(grad.numpy())

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        return self._table.of(parameter).name

    def digest(self) -> str:
        """Return the SHA-256 of parameters, buffers and optimizer state."""
        return digest(self.parameters(), self._buffers(), self._optimizer_states())

    def digests(self) -> Mapping[str, str]:
        """Return short digests by name: each parameter with its optimizer state, each buffer."""
        return digests(self.parameters(), self._buffers(), self._optimizer_states())

    def environment(self) -> Mapping[str, str]:
        """Say what the bits depend on besides the scenario."""
        return environment()

    def state(self) -> EngineState:
        """Return a copy of all that decides the future."""
        return capture(
            self._step,
            self.parameters(),
            self._buffers(),
            self._optimizer_states(),
            self._frozen.all(),
            list(self._table),
            self._random,
            self._stepper.clip,
        )

    def load_state(self, state: EngineState) -> None:
        """Go on from a state; see `Engine.load_state`."""
        groups = check(state, self._parameters, self._buffers())
        restore_random(self._random, state.random)
        for name, parameter in self._parameters.items():
            parameter.set_value(state.parameters[name])
            parameter.grad = None
        for name, buffer in self._model.named_buffers():
            buffer.numpy()[...] = state.buffers[name]
        self._table.reset(groups)
        for name, remembered in state.optimizers.items():
            optimizer = self._table.of(name).optimizer
            optimizer.state[self._parameters[name]] = ParameterState(
                remembered.updates, {slot: array.copy() for slot, array in remembered.slots.items()}
            )
        self._frozen.reset(state.frozen)
        for name, gradient in state.gradients.items():
            self._parameters[name].grad = tensor(gradient.copy())
        self._stepper.clip = Clip(*state.clip)  # type: ignore[arg-type]
        self._step = state.step
        self._follow_freezes()

    def _scout(self, state: EngineState) -> EmbeddedEngine:
        """Make another engine that stands in this state."""
        scout = EmbeddedEngine(*self._arguments)
        scout.load_state(state)
        return scout

    def _next_ratios(self) -> dict[str, float]:
        """Take a step, and return each group's |Δw|/|w| in it."""
        self.run(1, lambda: True)
        return {group.name: group.update_ratio for group in self.groups()}

    def _buffers(self) -> dict[str, Array]:
        return {name: each.numpy() for name, each in self._model.named_buffers()}

    def _optimizer_states(self) -> dict[str, ParameterState]:
        owners = {name: group for group in self._table for name in group.members}
        return {
            name: state
            for name, parameter in self._parameters.items()
            if (state := owners[name].optimizer.state.get(parameter)) is not None
        }

    def _some(
        self,
        most: int,
        before: Sequence[float],
        hold: Callable[[Pending], bool] | None,
        watch: Watch | None,
    ) -> list[float]:
        """Take a burst of steps, or one that may be held; none, if it is."""
        if hold is None:
            return self._stepper.take(self._step, most)
        if watch is not None:
            watch = replace(watch, before=[*watch.before, *before])
            taken = self._stepper.take(self._step, most, watch)
            if taken:
                return taken
        return self._try(hold, before)

    def _try(self, hold: Callable[[Pending], bool], before: Sequence[float]) -> list[float]:
        """Take a step, or none if it is held: then what the forward pass has moved is put back."""
        begun = self._moving()
        loss = self._stepper.differentiate(self._step)
        count = functools.partial(self._dead_units, begun)
        if hold(PendingStep(loss, tuple(before), self._table, count)):
            self._put_back(begun)
            return []
        self._stepper.update(self._step)
        return [loss]

    def _dead_units(self, begun: Moving) -> Sequence[LayerUnits]:
        """Run the next batch forward as from ``begun``, and leave all as it was."""
        now = self._moving()
        self._put_back(begun)
        try:
            found = self._stepper.dead_units(self._step)
        finally:
            self._put_back(now)
        return tuple(
            LayerUnits(
                name,
                self.group_of(name),
                dead.size,
                int(dead.sum()),
                tuple(np.flatnonzero(dead).tolist()),
            )
            for name, dead in found.items()
        )

    def _moving(self) -> Moving:
        """Return what a forward pass moves."""
        buffers = {name: array.copy() for name, array in self._buffers().items()}
        return buffers, self._random.bit_generator.state

    def _put_back(self, moving: Moving) -> None:
        buffers, drawn = moving
        for name, array in self._buffers().items():
            array[...] = buffers[name]
        self._random.bit_generator.state = drawn

    def _set_clip(self, command: Clip) -> Change:
        if command == self._stepper.clip:
            return Change(False, f"already so: {to_text(command)}")
        self._stepper.clip = command
        how = "no longer clipped" if command.by == "off" else f"clipped by {command.by}"
        return Change(
            True, f"gradients are {how}" + (f", {command.limit:g}" * (command.by != "off"))
        )

    def _follow_freezes(self) -> None:
        """Ask for gradients of what is not frozen, and of nothing else.

        A norm layer whose own parameters are all frozen holds its running statistics still too.
        """
        self._stepper.changed()
        self._stepper.trained = tuple(n for n in self._parameters if n not in self._frozen)
        moving = {id(self._parameters[name]) for name in self._stepper.trained}
        for module in self._model.modules():
            if isinstance(module, BatchNorm1d | BatchNorm2d):
                # By identity: a parameter of its own may be tied to, and named after, another's.
                own = {id(each) for each in module.parameters()}
                module.frozen = bool(own) and own.isdisjoint(moving)

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        self._model.eval()
        try:
            yield
        finally:
            self._model.train()
