"""The recorded step of a model: traced when first needed, and again for other frozen modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..autodiff import GradManager
from ..data import DataLoader, Inputs
from ..losses import Loss, check_targets, cross_entropy
from ..module import BatchNorm1d, BatchNorm2d, Module
from ..ops.base import Array
from ..optimizer import Optimizer
from ..tensor import Parameter, Tensor, tensor
from .batch_input import load_batch, run_batch_forward
from .bottom_cache import BottomCache
from .graph import Graph
from .optimizer_step import step_natively
from .planning.batch_source import BatchSource
from .planning.clipping import Clipping
from .program import Program
from .tracing.guards import NotRecordableError
from .tracing.model_step import trace_model_step
from .tracing.objective import as_tensors, compute_objective
from .tracing.python_values import PythonValues
from .tracing.trace import InputTensors, Objective


class Recording:
    """The recorded step of a model.

    Parameters
    ----------
    model : maps inputs to outputs; its norm layers may be frozen and thawed at any time
    loader : gives the batches
    training : whether the model is trained, or only evaluated
    loss : maps outputs and targets to one number; None for a model whose method ``loss`` maps
        a batch, the pair of inputs and targets, to it

    Attributes
    ----------
    problem : why the step cannot be recorded, so that it is taken eagerly; else ""

    Raises
    ------
    CoreError : the targets are not in the range of the loss
    """

    def __init__(
        self,
        model: Module,
        loader: DataLoader,
        training: bool = True,
        loss: Loss | None = cross_entropy,
    ) -> None:
        self._model = model
        self._loss = loss
        self._training = training
        self._loader = loader
        self._recorded: dict[tuple[bool, ...], tuple[Program, BatchSource]] = {}
        self._unfused: dict[Graph, Program] = {}
        self._modules_with_buffers = [
            module
            for module in model.modules()
            if isinstance(module, BatchNorm1d | BatchNorm2d)
            or next(module.named_buffers(recursive=False), None) is not None
        ]
        self._functions = _functions_of(model, loss)
        self._values = PythonValues(())
        self.problem = ""
        inputs, targets = loader.arrays
        check_targets(loss, inputs[0] if targets is None else targets)

    def program(self) -> tuple[Program, BatchSource] | None:
        """Return the step for the modules that are frozen now, and its batches.

        Returns
        -------
        None if the step cannot be recorded; `problem` says why.
        """
        if self.problem:
            return None
        frozen = tuple(map(_is_frozen, self._modules_with_buffers))
        recorded = self._recorded.get(frozen)
        if recorded is None:
            try:
                recorded = self._recorded[frozen] = self._record()
            except NotRecordableError as problem:
                self.problem = str(problem)
        elif name := self._values.changed_name():
            self.problem = (
                f"{name}, which the forward pass or the loss reads, has changed since the step was "
                "recorded"
            )
            return None
        return recorded

    @contextmanager
    def preserve_frozen_buffers(self) -> Iterator[None]:
        """Restore the buffers of frozen modules at the end of the block.

        A module is frozen if its attribute ``frozen`` is True. Frozen norm layers of this library
        do not change their running statistics; the buffers of other modules are restored here.
        """
        saved = [
            _save_buffers(module)
            for module in self._modules_with_buffers
            if not isinstance(module, BatchNorm1d | BatchNorm2d) and _is_frozen(module)
        ]
        try:
            yield
        finally:
            for module, attributes, arrays in saved:
                vars(module).update(attributes)
                for array, before in arrays:
                    array[...] = before

    def batch_outputs(
        self, index: int, threads: int = 1, cache: BottomCache | None = None
    ) -> tuple[Array, Array] | None:
        """Compute the model's outputs for a batch of the loader; return them and its targets.

        Parameters
        ----------
        index : of the batch
        threads : how many share the work; the bits are the same for any number
        cache : of the frozen bottom of the program; rows of new samples are stored there

        Returns
        -------
        The program's own memory, valid until its next step. None if the step cannot be recorded, or
        has no outputs.
        """
        recorded = self.program()
        if recorded is None or recorded[0].graph.outputs is None:
            return None
        program, _ = recorded
        order = self._loader.batch_indices(index)
        rows = len(order)
        targets = program.targets(rows)
        if cache is None:
            self._loader.fill(index, program.inputs(rows), targets)
            program.differentiate(rows, [], threads)
        elif cache.count_known(order, rows):
            program.run_forward(cache.known, order, threads)
        else:
            program.run_forward(cache.filling, order, threads)
            cache.add(order)
        outputs = program.outputs(rows)
        return None if outputs is None else (outputs, targets)

    def compute_outputs(self, inputs: Inputs, targets: Array) -> Array | None:
        """Compute the model's outputs for any batch.

        Parameters
        ----------
        inputs, targets : in the form of the loader's batches, with at most as many samples

        Returns
        -------
        The program's own memory, valid until its next step. None if the step cannot be recorded, or
        has no outputs.
        """
        recorded = self.program()
        if recorded is None:
            return None
        return recorded[0].outputs(run_batch_forward(recorded[0], inputs, targets))

    def run_unfused(self, inputs: Inputs, targets: Array) -> Program | None:
        """Run a batch forward in a program that keeps the output of every ReLU.

        The forward pass updates running statistics and draws random numbers as usual.

        Parameters
        ----------
        inputs, targets : see `take`

        Returns
        -------
        The program, to read values from. None if the step cannot be recorded.
        """
        recorded = self.program()
        if recorded is None:
            return None
        graph = recorded[0].graph
        program = self._unfused.get(graph)
        if program is None:
            program = self._unfused[graph] = Program(graph, self._capacity, fuse_pool=False)
        run_batch_forward(program, inputs, targets)
        return program

    def take(self, inputs: Inputs, targets: Array, gm: GradManager, threads: int = 1) -> float:
        """Compute loss and gradients of a batch; eagerly if the step cannot be recorded.

        A recorded step fuses operations, and so rounds differently from an eager one.

        Parameters
        ----------
        inputs, targets : a batch of the loader, or one like it with at most as many samples
        gm : its attached parameters get new gradients, which replace theirs
        threads : how many share a recorded step; the bits are the same for any number

        Returns
        -------
        The loss.

        Raises
        ------
        CoreError : the batch is empty or too large, has other shapes, or a label without a class
        """
        recorded = self.program()
        with self.preserve_frozen_buffers():
            if recorded is None:
                return self._take_eagerly(inputs, targets, gm)
            program = recorded[0]
            rows = load_batch(program, inputs, targets)
            attached = [p for p in gm.attached_tensors() if isinstance(p, Parameter)]
            return program.differentiate(rows, attached, threads)

    def _take_eagerly(self, inputs: Inputs, targets: Array, gm: GradManager) -> float:
        for attached in gm.attached_tensors():
            attached.grad = None
        with gm:
            loss = self._objective(as_tensors(inputs), tensor(targets)).loss
            gm.backward(loss)
        return float(loss.item())

    def update(self, optimizers: Iterable[Optimizer], clip: Clipping | None = None) -> None:
        """Take the optimizers' steps with the gradients of `take`, recorded if possible.

        Gradients that were changed meanwhile, for example by `optimizer.clip_grad_norm`, are
        applied by the same kernels, with the same bits as with ``clip``. If a rule has no native
        kernel, or a parameter that the loss does not depend on has a gradient, each optimizer takes
        its own ``step``.

        Parameters
        ----------
        optimizers : each takes one step
        clip : how gradients are clipped before

        Raises
        ------
        CoreError : a hyper-parameter is not allowed; nothing was updated
        """
        optimizers, recorded = list(optimizers), self.program()
        if recorded is None or not step_natively(recorded[0], optimizers, clip):
            if clip:
                clip.apply()
            for optimizer in optimizers:
                optimizer.step()

    def _record(self) -> tuple[Program, BatchSource]:
        options = self._training, self._functions
        graph = trace_model_step(self._model, self._loader, self._objective, *options)
        self._values = PythonValues(self._functions)
        return Program(graph, self._capacity), BatchSource(self._loader, graph)

    @property
    def _capacity(self) -> int:
        """Samples in the largest batch; an evaluated batch may come from another data set."""
        size = self._loader.batch_size
        return min(size, len(self._loader.dataset)) if self._training else size

    def _objective(self, inputs: InputTensors, targets: Tensor) -> Objective:
        return compute_objective(self._model, self._loss, inputs, targets)


def _functions_of(model: Module, loss: Loss | None) -> list[object]:
    """Return the functions of a step that may read Python values: the loss, and forward passes."""
    called = loss if loss is not None else getattr(type(model), "loss", None)
    return [called, *dict.fromkeys(type(module).forward for module in model.modules())]


def _is_frozen(module: Module) -> bool:
    """Return whether a module is frozen; a user's attribute ``frozen`` may be something else."""
    return getattr(module, "frozen", False) is True


def _save_buffers(module: Module) -> tuple[Module, dict[str, Tensor], list[tuple[Array, Array]]]:
    """Return a module, its attributes that are buffers, and their memory with copies of it."""
    buffers = [buffer for _, buffer in module.named_buffers(recursive=False)]
    attributes = {
        name: value
        for name, value in vars(module).items()
        if any(value is buffer for buffer in buffers)
    }
    arrays = [buffer.memory() for buffer in buffers]
    return module, attributes, [(array, array.copy()) for array in arrays]
