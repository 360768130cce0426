"""The imports of a program: its model, its data, its loss and its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from keyword import iskeyword
from math import prod
from pathlib import Path
from typing import Any

from tuitrain.errors import ScenarioError
from tuitrain.metric_info import metric_name
from tuitrain_core.data import Dataset
from tuitrain_core.losses import LOSSES, default_loss
from tuitrain_core.metrics import FIRST_CLASS, METRICS

from ..bundled_data import BUNDLED_DATA
from ..data_spec import is_file_data, parse_data_spec
from ..datasets import LOADERS
from ..module_search import searched_folders
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
    if name == "char-transformer":
        tokens = max(classes or 0, len(train.vocabulary))
        return Origin(f"models.CharTransformer({tokens}, {shape[0]})")
    outputs = train.output_size
    known = {
        "lenet": "models.LeNet()",
        "mlp": f"models.MLP({literal((prod(shape), 256, 128, outputs))})",
        "conv1d": f"models.ConvNet1d({prod(shape[:-1])}, {outputs})",
        "cnn": f"models.CNN({shape[0]}, {classes})",
        "resnet8": f"models.ResNet(8, {shape[0]}, {classes})",
        "resnet20": f"models.ResNet(20, {shape[0]}, {classes})",
        "transformer": f"models.Transformer({literal(shape)}, {classes})",
    }
    return Origin(known[name]) if name in known else _imported("model", name, "make_model")


def data_origin(name: str) -> Origin:
    """Return the origin of the data that a scenario calls ``name``."""
    if name in BUNDLED_DATA:
        return Origin(f"data.{BUNDLED_DATA[name].function}()")
    if is_file_data(name):
        spec = parse_data_spec(name)
        options = "".join(f", {key}={literal(value)}" for key, value in spec.options.items())
        path = spec.located(searched_folders())
        kept = spec.path if path == Path.cwd() / spec.path else str(path)
        return Origin(f"data.{LOADERS[spec.kind.prefix]}({literal(kept)}{options})")
    return _imported("data", name, "read_data")


def loss_origin(loss: str | Mapping[str, Any], train: Dataset, is_own: bool) -> Origin | None:
    """Return the origin of a scenario's loss; None if it is `Recording`'s default.

    Parameters
    ----------
    loss : as the scenario has it; "" for the default
    is_own : whether the model has a method ``loss``, which is the default then
    """
    if not loss:
        if is_own:
            return Origin("None", "")
        name = default_loss(train)
        return None if name == "cross_entropy" else Origin(f"losses.{name}")
    settings = {} if isinstance(loss, str) else dict(loss)
    name = loss if isinstance(loss, str) else settings.pop("name")
    keywords = "".join(f", {key}={literal(value)}" for key, value in settings.items())
    if name in LOSSES:
        expression = f"losses.make_loss({literal(name)}{keywords})" if settings else ""
        return Origin(expression or f"losses.{name}")
    origin = _imported("loss", name, "own_loss")
    function = origin.expression.removesuffix("()")
    return replace(origin, expression=f"partial({function}{keywords})" if settings else function)


def metric_origin(name: str, loss: Origin | None = None) -> Origin:
    """Return where a metric comes from that a scenario calls ``name``.

    Parameters
    ----------
    loss : the run's loss, for ``test_loss`` and ``accuracy``; see `loss_origin`

    Raises
    ------
    ScenarioError : no statement measures it
    """
    if name == "test_loss":
        if loss is not None and loss.expression == "None":
            raise ScenarioError(
                "metrics: no statement measures the test_loss of a model's own loss"
            )
        function = "functional.cross_entropy" if loss is None else "loss_function"
        call = f"{function}(tensor(outputs), tensor(y)).item()"
        return Origin(f"metrics.LossMetric(\n{' ' * 12}lambda outputs, y: {call}\n{' ' * 8})")
    first = FIRST_CLASS.get(loss.expression.removeprefix("losses.")) if loss is not None else None
    if name == "accuracy" and first is not None:
        return Origin(f"metrics.BinaryAccuracy({first or ''})")
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
