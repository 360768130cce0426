"""Runs on other data than images, saved as Python: data, network, loss and metrics."""

from __future__ import annotations

import numpy as np
import pytest

from tests.scenario.test_codegen import checked_by_ruff, printed
from tuitrain.errors import ScenarioError
from tuitrain.scenario.bundled_data import BUNDLED_DATA
from tuitrain.scenario.codegen import generate_program
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain_core import functional as F
from tuitrain_core.data import Dataset
from tuitrain_core.models import MLP
from tuitrain_core.module import Linear, Module

TEXT = """\
schema = 1
name = "program"
model = "{model}"
data = "{data}"
batch_size = 32
steps = 5
{more}
[optimizer]
name = "adam"
lr = 0.003
"""
HERE = "tests.scenario.test_codegen_data"
SMOOTH = '{ name = "cross_entropy", label_smooth = 0.1 }'
OWN = f'"{HERE}:squares"'
WEIGHTED = f'{{ name = "{HERE}:squares", weight = 0.5 }}'


def squares(outputs, targets, weight=1.0):
    """A loss of the user's own."""
    return F.loss.cross_entropy(outputs, targets) + weight * (outputs * outputs).mean()


class OwnLoss(MLP):
    """A model with a method ``loss``."""

    def __init__(self) -> None:
        super().__init__((2, 3))

    def loss(self, batch):
        """Return the loss of a batch."""
        points, arms = batch
        return F.loss.cross_entropy(self(points), arms)


class Pairs(Module):
    """A model of two inputs, of any shapes, with three outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = Linear(16, 3), Linear(2, 3)

    def forward(self, left, right):
        """Return the outputs for pictures and numbers, or for numbers and numbers."""
        return self.left(F.flatten(left, 1)) + self.right(right)


class PairsOwnLoss(Pairs):
    """A model of two inputs with a method ``loss``."""

    def loss(self, batch):
        """Return the loss of a batch."""
        inputs, targets = batch
        return F.loss.cross_entropy(self(*inputs), targets)


def spread(outputs, targets):
    """A metric of the user's own."""
    return float(outputs.std())


DRAW = np.random.default_rng(1)
PIXELS = DRAW.integers(0, 256, (80, 1, 4, 4), "u1")
ROWS = DRAW.normal(size=(80, 16))
NUMBERS = DRAW.normal(size=(80, 2))


def _pairs(first, targets):
    return tuple(
        Dataset((first[part], NUMBERS[part]), None if targets is None else targets[part])
        for part in (slice(0, 60), slice(60, 80))
    )


def named_pictures():
    """Pictures and numbers, with classes."""
    return _pairs(PIXELS, np.arange(80) % 3)


def measured_rows():
    """Numbers and numbers, with numbers as targets."""
    return _pairs(ROWS, NUMBERS.sum(axis=1, keepdims=True).repeat(3, 1))


def digest(text: str) -> str:
    return list(replay(loads(text, "a test"), "a test"))[-1].digest


PAIRS = [
    pytest.param(data, model, marks=[pytest.mark.slow] if index else [])
    for data in ("penguins", "spirals", "waves", "alice")
    for index, model in enumerate(BUNDLED_DATA[data].models)
]
"""All networks for each data; the quick tests have the first."""


@pytest.mark.parametrize(("data", "model"), PAIRS)
def test_the_program_trains_on_bundled_data_to_the_same_bits(data, model, tmp_path, capsys):
    text = TEXT.format(data=data, model=model, more="")
    program = generate_program(loads(text, "a test"), "a test")
    (tmp_path / "saved.py").write_text(program)
    assert "images" not in program
    assert printed(program, capsys)[-1] == digest(text)
    assert checked_by_ruff(tmp_path) == ""


@pytest.mark.parametrize("loss", ['"cross_entropy"', SMOOTH, OWN, WEIGHTED])
def test_the_program_has_the_runs_loss(loss, tmp_path, capsys):
    more = f'loss = {loss}\nmetrics = ["test_loss", "accuracy"]'
    text = TEXT.format(data="spirals", model="mlp", more=more)
    program = generate_program(loads(text, "a test"), "a test")
    (tmp_path / "saved.py").write_text(program)
    *_, measured, last = printed(program, capsys)
    assert last == digest(text)
    assert "test_loss " in measured
    assert checked_by_ruff(tmp_path) == ""


def test_the_program_trains_with_a_models_own_loss(capsys):
    text = TEXT.format(data="spirals", model=f"{HERE}:OwnLoss", more='metrics = ["accuracy"]')
    program = generate_program(loads(text, "a test"), "a test")
    assert printed(program, capsys)[-1] == digest(text)


def test_the_test_loss_of_a_models_own_loss_is_refused():
    text = TEXT.format(data="spirals", model=f"{HERE}:OwnLoss", more='metrics = ["test_loss"]')
    with pytest.raises(ScenarioError, match="no statement measures the test_loss"):
        generate_program(loads(text, "a test"), "a test")


@pytest.mark.parametrize(
    ("data", "model", "metrics"),
    [
        ("named_pictures", "Pairs", ["accuracy"]),
        ("named_pictures", "Pairs", ["test_loss", "top5", f"{HERE}:spread"]),
        ("named_pictures", "PairsOwnLoss", ["accuracy"]),
        ("measured_rows", "Pairs", ["r2", "mae", "test_loss"]),
    ],
)
def test_the_program_trains_on_several_inputs(data, model, metrics, tmp_path, capsys):
    more = f"metrics = {metrics}".replace("'", '"')
    text = TEXT.format(data=f"{HERE}:{data}", model=f"{HERE}:{model}", more=more)
    outcome = list(replay(loads(text, "a test"), "a test"))[-1]
    program = generate_program(loads(text, "a test"), "a test")
    (tmp_path / "saved.py").write_text(program)
    *_, measured, last = printed(program, capsys)
    assert last == outcome.digest
    for info, value in outcome.metrics:
        assert f"{info.name} {value:.4f}" in measured
    assert checked_by_ruff(tmp_path) == ""


def two_classes():
    """Two numbers, with their sign as a target: 0 and 1."""
    labels = (NUMBERS[:, 0] > 0).astype(np.int32)
    return tuple(Dataset(NUMBERS[p], labels[p]) for p in (slice(0, 60), slice(60, 80)))


def signs():
    """Two numbers, with their sign as a target: -1 and 1."""
    labels = np.where(NUMBERS[:, 0] > 0, 1.0, -1.0)
    return tuple(Dataset(NUMBERS[p], labels[p]) for p in (slice(0, 60), slice(60, 80)))


def one_output() -> Linear:
    return Linear(2, 1)


@pytest.mark.parametrize(
    ("data", "loss"), [("two_classes", "binary_cross_entropy"), ("signs", "hinge")]
)
def test_one_output_for_two_classes_has_an_accuracy_also_in_the_program(
    data, loss, tmp_path, capsys
):
    more = f'loss = "{loss}"\nmetrics = ["accuracy"]'
    text = TEXT.format(data=f"{HERE}:{data}", model=f"{HERE}:one_output", more=more)
    text = text.replace("steps = 5", "epochs = 40").replace("0.003", "0.1")
    outcome = list(replay(loads(text, "a test"), "a test"))[-1]
    assert outcome.test_accuracy >= 0.9
    program = generate_program(loads(text, "a test"), "a test")
    (tmp_path / "saved.py").write_text(program)
    *_, measured, last = printed(program, capsys)
    assert last == outcome.digest
    assert f"accuracy {outcome.test_accuracy:.4f}" in measured
    assert checked_by_ruff(tmp_path) == ""
