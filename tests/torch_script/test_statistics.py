"""The statistics of tensors and of updates; those of large networks' updates are estimated."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.script.test_live import fly
from tests.torch_script.test_live import one_line, wait_for_step
from tuitrain.app.renderables.tables.groups import GroupColumns, table_rows
from tuitrain.engines.array_statistics import describe_array
from tuitrain.engines.torch import statistics
from tuitrain.engines.torch.script.measuring import MAX_SECONDS, MEASURE_SECONDS, Measuring
from tuitrain.engines.torch.tensor_statistics import describe_on_device, describe_tensor
from tuitrain.run.snapshot import Phase

__all__ = ["fly"]

TENSORS = {
    "matrix": torch.randn(300, 20),
    "columns": torch.randn(30, 20).T,
    "double": torch.randn(50, dtype=torch.float64),
    "half": torch.randn(50).half(),
    "large": torch.tensor([-1.5e308, 0.0, 1.5e308], dtype=torch.float64),
    "small": torch.tensor([0.0, 5e-324], dtype=torch.float64),
    "equal": torch.full((5,), 0.1),
    "one": torch.tensor(2.0),
    "with NaN": torch.tensor([1.0, float("nan"), 3.0, float("inf")]),
    "only NaN": torch.tensor([float("nan")]),
    "empty": torch.empty(0),
}


@pytest.mark.parametrize("tensor", TENSORS.values(), ids=TENSORS)
def test_operations_of_a_device_give_what_numpy_gives(tensor):
    view, other = describe_on_device(tensor), describe_array(tensor.numpy())
    assert (view.counts, view.non_finite) == (other.counts, other.non_finite)
    np.testing.assert_array_equal(view.first_values, other.first_values)
    for name in ("mean", "std", "low", "high", "norm"):
        expected = pytest.approx(getattr(other, name), rel=1e-12, abs=1e-12, nan_ok=True)
        assert getattr(view, name) == expected


def test_deterministic_algorithms_allow_the_statistics():
    torch.use_deterministic_algorithms(True)
    try:
        assert sum(describe_on_device(torch.randn(100)).counts) == 100
    finally:
        torch.use_deterministic_algorithms(False)


def test_bfloat16_is_described_by_its_values():
    tensor = torch.tensor([1.0, 2.0], dtype=torch.bfloat16)
    view = describe_tensor(tensor)
    assert (view.low, view.high, view.first_values) == (1.0, 2.0, (1.0, 2.0))


@pytest.mark.parametrize(
    ("took", "pause"), [(1e-5, MEASURE_SECONDS), (0.001, 0.4), (1.0, MAX_SECONDS)]
)
def test_measuring_takes_a_small_share_of_the_time(took, pause):
    now = 0.0
    measuring = Measuring(lambda: now)
    assert measuring.is_due
    measuring.note(took)
    now = pause * 0.99
    assert not measuring.is_due
    now = pause * 1.01
    assert measuring.is_due


class Sizes:
    """Takes the statistics that a measurement writes."""

    def __init__(self) -> None:
        self.statistics = {}


def change_of(parameters) -> tuple[float, float]:
    """Return the norm of a change of all parameters as measured, and as it is."""
    owner = Sizes()
    measurement = statistics.UpdateMeasurement(parameters)
    generator = torch.Generator().manual_seed(1)
    exact = 0.0
    with torch.no_grad():
        for item in parameters:
            change = torch.randn(item.shape, generator=generator)
            item.add_(change)
            exact += float(change.square().sum())
    measurement.finish(dict.fromkeys(parameters, owner))
    measured = sum(value.update_norm**2 for value in owner.statistics.values())
    return measured**0.5, exact**0.5


@pytest.mark.parametrize(("limit", "tolerance"), [(10_000, 0.03), (1_000_000, 1e-5)])
def test_a_sample_gives_about_the_norm_of_the_whole_change(monkeypatch, limit, tolerance):
    monkeypatch.setattr(statistics, "MAX_ELEMENTS", limit)
    torch.manual_seed(0)
    parameters = [nn.Parameter(torch.randn(200, 300)), nn.Parameter(torch.randn(64, 64, 3))]
    parameters.append(nn.Parameter(torch.randn(10)))
    for item in parameters:
        item.grad = torch.ones_like(item)
    measured, exact = change_of(parameters)
    assert measured == pytest.approx(exact, rel=tolerance)


def rows_of(shown) -> str:
    rows = table_rows(shown.groups, {"body", "last"}, GroupColumns.fit(120))
    return "".join(text for row in rows for text, _ in row.row)


@pytest.mark.parametrize("limit", [10, 1_000])
def test_the_groups_show_that_the_change_is_an_estimate(fly, monkeypatch, limit):
    monkeypatch.setattr(statistics, "MAX_ELEMENTS", limit)
    deck = fly(one_line(plan={3: "pause"}))
    shown = wait_for_step(deck, 3)
    assert deck.wait_for(Phase.PAUSED).groups[0].is_sampled == (limit == 10)
    assert ("≈" in rows_of(shown)) == (limit == 10)
