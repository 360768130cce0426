"""Inspections of a scripted run: synthetic, with LeNet's shapes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tuitrain.engines.array_statistics import describe_array
from tuitrain.engines.batch_view import (
    NO_PREDICTION,
    BatchView,
    ClassTargets,
    Confusions,
    InspectBatch,
    SampleInputs,
)
from tuitrain.engines.class_results import count_confusions
from tuitrain.engines.inspection import (
    GradientFlow,
    HistogramSeries,
    InputShape,
    InspectWeights,
    NetworkRow,
    NetworkView,
    TensorSummary,
    WeightsView,
)
from tuitrain.engines.views import GroupView, LayerUnits

UNITS = (
    LayerUnits("conv1.weight", "conv", 6, 0),
    LayerUnits("conv2.weight", "conv", 16, 2, (3, 7)),
    LayerUnits("fc1.weight", "fc", 120, 14, tuple(range(5, 103, 7))),
)


def facet(seed: int, shape: tuple[int, ...], scale: float, step: int) -> TensorSummary:
    """Return values that widen over the steps, as a parameter's do."""
    values = (np.random.default_rng(seed).normal(size=shape) * scale).astype(np.float32)
    steps = np.arange(0, step + 1, 43)
    spread = [
        describe_array(values * (0.4 + 0.6 * item / max(step, 1)) + scale / 4) for item in steps
    ]
    course = HistogramSeries(
        steps,
        np.array([statistics.low for statistics in spread]),
        np.array([statistics.high for statistics in spread]),
        np.array([statistics.counts for statistics in spread]),
    )
    return TensorSummary(describe_array(values), values, (1, 1), course)


def weights_view(
    name: str, shape: tuple[int, ...], group: str, step: int, since: int | None = None
) -> WeightsView:
    return WeightsView(
        request=InspectWeights(name),
        step=step,
        name=name,
        shape=shape,
        group=group,
        frozen_since=since,
        value=facet(1, shape, 0.08, step),
        grad=TensorSummary() if since is not None else facet(2, shape, 0.004, step),
        update=TensorSummary() if since is not None else facet(3, shape, 0.0002, step),
        update_steps=0 if since is not None else 37,
        update_ratio=float("nan") if since is not None else 1.2e-3,
        units=next((units for units in UNITS if units.parameter == name), None),
    )


def network_view(groups: tuple[GroupView, ...], step: int) -> NetworkView:
    """Return LeNet with the gradient flow that follows from its frozen parameters."""
    frozen = {e.name for g in groups for e in g.parameters if e.frozen_since is not None}
    shapes = {param.name: param.shape for group in groups for param in group.parameters}
    rows: list[NetworkRow] = []
    below = False
    layers = (("conv1", (6, 28, 28)), ("conv2", (16, 10, 10)), ("fc1", (120,)), ("fc2", (84,)))
    for place, (name, shape) in enumerate((*layers, ("classifier", (10,)))):
        parameters = (f"{name}.bias", f"{name}.weight")
        here = below or not frozen.issuperset(parameters)
        flow = GradientFlow.NONE if not here else GradientFlow.PASSES if below else GradientFlow.CUT
        flow = GradientFlow.ENDS if flow is GradientFlow.CUT and place == 0 else flow
        label = "Conv2d" if name.startswith("conv") else "Linear"
        ways = (int(below), 1)
        rows.append(NetworkRow(
            f"/{place}", name, name, "module", label, "…", 1, shape, parameters, flow, ways
        ))  # fmt: skip
        for path in parameters:
            gets = GradientFlow.NONE if path in frozen else GradientFlow.PASSES
            part = path.partition(".")[2]
            rows.append(NetworkRow(
                f"/{place}.{part}", part, path, "parameter", "", "", 2, shapes[path], (path,), gets
            ))  # fmt: skip
        below = here
        if name != "classifier":
            flow = GradientFlow.PASSES if below else GradientFlow.NONE
            rows.append(NetworkRow(
                f"/{place}r", "relu", "", "operation", "", "", 1, shape, (), flow, (int(below), 1)
            ))  # fmt: skip
    all_parameters = tuple(shapes)
    top = GradientFlow.ENDS if below else GradientFlow.NONE
    root = NetworkRow("", "LeNet", "", "module", "LeNet", "", 0, (10,), all_parameters, top, (0, 1))
    norms = {name: 0.5 / (2 + at) for at, name in enumerate(shapes) if name not in frozen}
    return NetworkView(step, (InputShape((1, 28, 28), "uint8"),), (root, *rows), norms, UNITS)


def digit(label: int) -> np.ndarray:
    """Return an image with ``label`` bars."""
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 3:25, 2] = image[0, 3, 2:26] = 160
    for bar in range(label):
        image[0, 6 + 2 * bar, 6:24] = 255 - 12 * bar
    return image


def confusions_of(matrix: np.ndarray, nan_count: int = 0) -> Confusions:
    """Return the confusions that a matrix counts."""
    labels, guesses = (
        axis.reshape(-1).repeat(matrix.reshape(-1)) for axis in np.indices(matrix.shape)
    )
    unknown = np.full(nan_count, NO_PREDICTION)
    return count_confusions(
        np.concatenate([labels, np.zeros(nan_count, int)]),
        np.concatenate([guesses, unknown]),
        len(matrix),
    )


def batch_view(request: InspectBatch, step: int, **changes) -> BatchView:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 10, 40)
    guesses = np.where(draw.random(40) < 0.85, labels, (labels + 5) % 10)
    if request.samples == "mistakes":
        labels, guesses = labels[labels != guesses], guesses[labels != guesses]
    confusion = np.diag(draw.integers(170, 230, 10))
    for label, guess, times in ((4, 9, 12), (7, 2, 9), (5, 3, 7), (9, 4, 6), (8, 3, 3), (2, 7, 1)):
        confusion[label, guess] = times
    view = BatchView(
        request=request,
        step=step,
        inputs=SampleInputs("image", np.stack([digit(label) for label in labels]), (1, 28, 28)),
        targets=ClassTargets(
            labels=labels,
            predictions=guesses,
            confidence=np.where(labels == guesses, 0.97, 0.64),
            confusions=confusions_of(confusion),
        ),
    )
    return replace(view, **changes)
