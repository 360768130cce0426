"""The parts of an engine that a scenario names: data, model, groups, loss, metrics."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tuitrain.commands import Setting
from tuitrain.engines.factory import EngineFactory, EngineSpec, GroupSpec
from tuitrain.errors import ScenarioError, describe_error
from tuitrain.run.progress import ProgressCallback, ignore_progress
from tuitrain.user_code import UserCallable

from .datasets import load_data
from .import_spec import call, import_callable, type_name
from .metrics import make_metric_plans
from .schema import Group, Scenario

if TYPE_CHECKING:
    from tuitrain_core.data import Dataset


def make_engine_spec(
    scenario: Scenario, factory: EngineFactory, on_progress: ProgressCallback = ignore_progress
) -> EngineSpec:
    """Load the data, and return it with the other parts that an engine is built from.

    Raises
    ------
    ScenarioError : names the key, and the allowed values
    """
    on_progress(f"reading {scenario.data}")
    train, test = load_data(scenario.data)
    return EngineSpec(
        _model(scenario.model, factory, train),
        train,
        test,
        _group_specs(scenario),
        scenario.seed,
        scenario.batch_size,
        _loss(scenario.loss, factory),
        metrics=make_metric_plans(scenario, train.has_class_targets),
    )


def _group_specs(scenario: Scenario) -> list[GroupSpec]:
    """Return the groups of a scenario before its first step."""
    groups = scenario.group or (Group("all", ("*",)),)
    specs = []
    for group in groups:
        settings = dict(group.optimizer or scenario.optimizer)
        rule = settings.pop("name")
        if group.lr is not None:
            settings["lr"] = group.lr
        checked = {key: _setting(group.name, key, value) for key, value in settings.items()}
        specs.append(GroupSpec(group.name, group.params, rule, checked, group.frozen))
    return specs


def _setting(group: str, key: str, value: Any) -> Setting:
    """Check a hyper-parameter's type; the optimizer checks its range."""
    with suppress(OverflowError):  # a whole number of hundreds of digits
        if isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return float(value)
        if (
            isinstance(value, list)
            and [type(element) in (int, float) for element in value] == [True] * 2
        ):
            return (float(value[0]), float(value[1]))
    raise ScenarioError(
        f"optimizer of group {group!r}: {key} takes a number, true or false, or a pair of "
        f"numbers, but was given {value!r:.60}"
    )


def _model(name: str, factory: EngineFactory, train: Dataset) -> Callable[[], Any]:
    known = factory.built_in_models(train)
    if name in known:
        return known[name]
    if name in factory.model_names:
        raise ScenarioError(
            f"model: {name} does not fit the data, which has {_describe(train)} "
            f"(models that do: {', '.join(known) or 'none'}, or package.module:callable)"
        )
    make = import_callable("model", name, known)

    def checked() -> Any:
        model = call("model", name, make)
        if not factory.is_model(model):
            raise ScenarioError(
                f"model: {name} must return {factory.model_kind}, but gave {type_name(model)}"
            )
        return model

    return checked


def _describe(data: Dataset) -> str:
    """Describe a data set's inputs and targets in a few words."""
    inputs = " and ".join(f"{array.dtype} {array.shape[1:]}" for array in data.input_arrays)
    if data.classes is not None:
        return f"inputs {inputs} and {data.classes} classes"
    return f"inputs {inputs} and {'no' if data.targets is None else 'float'} targets"


def _loss(loss: str | Mapping[str, Any], factory: EngineFactory) -> Any:
    """Return the loss that a scenario names; None for the default."""
    if not loss:
        return None
    settings = {} if isinstance(loss, str) else dict(loss)
    name = loss if isinstance(loss, str) else settings.pop("name")
    known = factory.built_in_losses()
    if name in known:
        try:
            return factory.make_loss(name, settings)
        except (TypeError, ValueError) as error:
            raise ScenarioError(f"loss: {describe_error(error)}") from None
    own = import_callable("loss", name, known)
    function = UserCallable("loss", name, own, factory.loss_problem)
    return functools.partial(function, **settings) if settings else function
