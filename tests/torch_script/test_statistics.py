"""The statistics of tensors, and the share of the time that measuring updates takes."""

import numpy as np
import pytest
import torch

from tuitrain.engines.array_statistics import describe_array
from tuitrain.engines.torch.script.measuring import MAX_SECONDS, MEASURE_SECONDS, Measuring
from tuitrain.engines.torch.tensor_statistics import describe_on_device, describe_tensor

torch.manual_seed(0)
TENSORS = {
    "matrix": torch.randn(300, 20),
    "columns": torch.randn(30, 20).T,
    "double": torch.randn(50, dtype=torch.float64),
    "half": torch.randn(50).half(),
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
    ("took", "pause"), [(1e-5, MEASURE_SECONDS), (0.001, 0.2), (1.0, MAX_SECONDS)]
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
