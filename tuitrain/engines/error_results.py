"""The results of a test set with numbers as targets, or with the inputs themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from .batch_results import no_fit
from .batch_view import MAX_SAMPLES, NumberTargets, Reconstructions, SampleSelection
from .state import Array, read_only


class _ErrorResults:
    """The base of results with an error for each sample; the worst have the largest errors.

    An error that is NaN counts as infinite.
    """

    def __init__(self, samples: SampleSelection) -> None:
        self._samples = samples
        self._errors: list[Array] = []
        self._count = 0
        self._shown: tuple[Array, ...] = ()

    def _keep(self, errors: Array, outputs: Array, targets: Array) -> None:
        """Keep a batch's errors, and those of its samples that are among the ones to show."""
        rows = np.arange(self._count, self._count + len(errors))
        self._count += len(errors)
        self._errors.append(errors)
        batch = (rows, errors, outputs, targets)
        if self._shown:
            batch = tuple(map(np.concatenate, zip(self._shown, batch, strict=True)))
        ranks = np.nan_to_num(batch[1], nan=np.inf, posinf=np.inf)
        if self._samples == "mistakes":
            order = np.argsort(-ranks, kind="stable")[:MAX_SAMPLES]
        else:
            order = np.arange(min(MAX_SAMPLES, len(ranks)))
        self._shown = tuple(part[order] for part in batch)

    def rows(self) -> Array:
        """Return the first samples, or the worst."""
        return self._shown[0]

    def _test_errors(self) -> Array:
        return read_only(np.concatenate(self._errors))


class NumberResults(_ErrorResults):
    """Numbers, one or several for each sample.

    Parameters
    ----------
    samples : which samples are shown
    logits : whether the outputs are logits of probabilities
    """

    def __init__(self, samples: SampleSelection, logits: bool = False) -> None:
        super().__init__(samples)
        self._logits = logits
        self._points: list[Array] = []
        self._shape: tuple[int, ...] = ()

    def add(self, outputs: Array, targets: Array) -> None:
        """Add a batch of outputs and targets, (B, ...) each; axes of size 1 may differ."""
        values, right = self._as_numbers(outputs, targets)
        self._shape = targets.shape[1:]
        self._points.append(np.stack([right[:, 0], values[:, 0]]))
        self._keep(mean_errors(values, right), values, right)

    def _as_numbers(self, outputs: Array, targets: Array) -> tuple[Array, Array]:
        if [size for size in outputs.shape if size != 1] != [s for s in targets.shape if s != 1]:
            raise no_fit(outputs, targets)
        values = outputs.reshape(len(targets), -1).astype(np.float64)
        return sigmoid(values) if self._logits else values, targets.reshape(values.shape) * 1.0

    def view(self) -> NumberTargets:
        """Describe these samples."""
        _, errors, values, right = self._shown
        return self._describe(values, right, errors)

    def view_of(self, outputs: Array, targets: Array) -> NumberTargets:
        """Describe other samples, with the same results on the test set."""
        values, right = self._as_numbers(outputs, targets)
        return self._describe(values, right, mean_errors(values, right))

    def _describe(self, values: Array, right: Array, errors: Array) -> NumberTargets:
        all_right, all_values = np.concatenate(self._points, axis=1)
        return NumberTargets(
            targets=read_only(right),
            outputs=read_only(values),
            errors=read_only(errors),
            shape=self._shape,
            test_targets=read_only(all_right),
            test_outputs=read_only(all_values),
            test_errors=self._test_errors(),
        )


class ReconstructionResults(_ErrorResults):
    """Outputs for targets that are the inputs.

    Parameters
    ----------
    samples : which samples are shown
    logits : whether the outputs are logits of numbers from 0 to 1
    mean, std : of the inputs' normalization: a number, or one for each index of the first
        axis of a sample
    scale : the divisor of the inputs before it
    """

    def __init__(
        self, samples: SampleSelection, logits: bool, mean: Any, std: Any, scale: float
    ) -> None:
        super().__init__(samples)
        self._logits = logits
        self._mean, self._std, self._scale = np.asarray(mean), np.asarray(std), scale

    def add(self, outputs: Array, targets: Array) -> None:
        """Add a batch of outputs and normalized inputs of one shape; axes of size 1 may differ."""
        values, right = self._as_inputs(outputs, targets)
        errors = mean_errors(values, right)
        self._keep(errors, self._restored(values), np.empty(len(errors)))

    def _as_inputs(self, outputs: Array, targets: Array) -> tuple[Array, Array]:
        if [size for size in outputs.shape if size != 1] != [s for s in targets.shape if s != 1]:
            raise no_fit(outputs, targets)
        values = outputs.reshape(targets.shape).astype(np.float32)
        return sigmoid(values) if self._logits else values, targets

    def _restored(self, values: Array) -> Array:
        """Return outputs in the unit of the data set."""
        with np.errstate(invalid="ignore", over="ignore"):
            along = (-1,) + (1,) * max(0, values.ndim - 2)
            restored = values * self._std.reshape(along) + self._mean.reshape(along)
            return restored * self._scale

    def view(self) -> Reconstructions:
        """Describe these samples."""
        _, errors, outputs, _ = self._shown
        return Reconstructions(read_only(outputs), read_only(errors), self._test_errors())

    def view_of(self, outputs: Array, targets: Array) -> Reconstructions:
        """Describe other samples, with the same results on the test set."""
        values, right = self._as_inputs(outputs, targets)
        errors = read_only(mean_errors(values, right))
        return Reconstructions(read_only(self._restored(values)), errors, self._test_errors())


def mean_errors(outputs: Array, targets: Array) -> Array:
    """Return the mean of |output - target| of each sample; NaN or infinite if an output is."""
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(outputs.astype(np.float64) - targets)
        return distance.reshape(len(distance), -1).mean(axis=1)


def sigmoid(logits: Array) -> Array:
    """Return the probabilities of logits; NaN stays NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        return 1 / (1 + np.exp(-logits))
