"""The imports of a program: its model, its data and its metrics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from keyword import iskeyword
from math import prod

from tuitrain.errors import ScenarioError
from tuitrain.metric_info import metric_name
from tuitrain_core.data import Dataset
from tuitrain_core.metrics import METRICS

from .codegen_source import literal


@dataclass(frozen=True, slots=True)
class Origin:
    """An expression that makes something, and the import that it needs, if any.

    Attributes
    ----------
    sorted_by : the sort key of the import
    """

    expression: str
    imported: str = ""
    sorted_by: tuple[str, ...] = ()


def model_origin(name: str, train: Dataset) -> Origin:
    """Return the origin of the model that a scenario calls ``name``, made for its data."""
    shape, classes = train.input_arrays[0].shape[1:], train.classes
    known = {
        "lenet": "models.LeNet()",
        "mlp": f"models.MLP({literal((prod(shape), 256, 128, classes))})",
        "cnn": f"models.CNN({shape[0]}, {classes})",
        "resnet8": f"models.ResNet(8, {shape[0]}, {classes})",
        "resnet20": f"models.ResNet(20, {shape[0]}, {classes})",
        "transformer": f"models.Transformer({literal(shape)}, {classes})",
    }
    return Origin(known[name]) if name in known else _imported("model", name, "make_model")


def data_origin(name: str) -> Origin:
    """Return the origin of the data that a scenario calls ``name``."""
    if name == "mnist-mini":
        return Origin("data.mnist_mini()")
    if name.startswith("idx:"):
        return Origin(f"data.load_idx_folder({literal(name.removeprefix('idx:'))})")
    return _imported("data", name, "read_data")


def metric_origin(name: str) -> Origin:
    """Return where a metric comes from that a scenario calls ``name``."""
    if name == "test_loss":
        loss = "functional.cross_entropy(tensor(outputs), tensor(y)).item()"
        return Origin(f"metrics.LossMetric(lambda outputs, y: {loss})")
    if name in METRICS:
        return Origin(f"metrics.{METRICS[name].__name__}()")
    origin = _imported("metrics", name, f"measure_{metric_name(name)}")
    function = origin.expression.removesuffix("()")
    return replace(
        origin, expression=f"metrics.CallableMetric({function}, {literal(metric_name(name))})"
    )


def _imported(key: str, name: str, alias: str) -> Origin:
    """Import ``"package.module:callable"`` under a name that is unique in the program."""
    module, _, attribute = name.partition(":")
    parts = [*module.split("."), attribute]
    if not all(part.isidentifier() and not iskeyword(part) for part in parts):
        raise ScenarioError(f"{key}: {name} cannot be written as an import")
    if attribute[0].isupper():  # a class: no other name in the program looks like one
        alias = attribute
    renamed = "" if attribute == alias else f" as {alias}"
    return Origin(f"{alias}()", f"from {module} import {attribute}{renamed}", (module, attribute))
