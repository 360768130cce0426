"""The state of a module: copied out, and put back whole or not at all."""

import numpy as np
import pytest

from tuitrain_core import StateError, models, random
from tuitrain_core import module as M


def net(seed):
    random.seed(seed)
    return M.Sequential(M.Conv2d(1, 2, 3), M.BatchNorm2d(2), M.Flatten(), M.Linear(8, 3))


def test_state_goes_from_one_network_to_another():
    source, target = net(1), net(2)
    source[1].running_mean.memory()[...] = 7.0
    assert target.load_state_dict(source.state_dict()) == []
    for name, values in target.state_dict().items():
        np.testing.assert_array_equal(values, source.state_dict()[name])
    assert "1.running_mean" in source.state_dict()


def test_state_is_a_copy_and_loading_writes_in_place():
    network = net(3)
    state = network.state_dict()
    memory = network[3].weight.memory()
    before = memory.copy()
    state["3.weight"][...] = 5.0
    np.testing.assert_array_equal(memory, before)
    network.load_state_dict(state)
    assert (memory == 5.0).all()
    state["3.weight"][...] = 6.0
    assert (memory == 5.0).all()


def test_other_number_types_are_converted():
    network = net(4)
    values = {name: array.astype(np.float64) for name, array in network.state_dict().items()}
    values["3.bias"] = np.array([1, 2, 3])
    network.load_state_dict(values)
    assert network[3].bias.dtype == np.float32
    np.testing.assert_array_equal(network[3].bias.numpy(), [1.0, 2.0, 3.0])


def test_an_error_lists_every_name_and_changes_nothing():
    network = net(5)
    before = network.state_dict()
    state = {name: array + 1.0 for name, array in network.state_dict().items()}
    del state["0.bias"], state["1.running_var"]
    state["extra"] = np.zeros(1)
    state["3.weight"] = np.zeros((3, 9))
    state["3.bias"] = np.array(["a", "b", "c"])
    with pytest.raises(StateError) as caught:
        network.load_state_dict(state)
    assert str(caught.value).splitlines() == [
        "the state does not fit the module:",
        "  not numbers: 3.bias is <U1",
        "  wrong shape: 3.weight is (3, 9), the module's is (3, 8)",
        "  missing: 0.bias (1, 2, 1, 1)",
        "  missing: 1.running_var (1, 2, 1, 1)",
        "  unexpected: extra",
    ]
    for name, values in network.state_dict().items():
        np.testing.assert_array_equal(values, before[name])


def test_not_strict_loads_what_there_is_and_returns_the_other_names():
    network = net(6)
    result = network.load_state_dict({"3.bias": np.ones(3), "extra": 1.0}, strict=False)
    np.testing.assert_array_equal(network[3].bias.numpy(), np.ones(3))
    assert result[-1] == "extra"
    assert "0.bias" in result
    assert "3.bias" not in result


def test_not_strict_still_refuses_a_wrong_shape():
    with pytest.raises(StateError, match=r"wrong shape: classifier\.bias is \(9,\)"):
        models.LeNet().load_state_dict({"classifier.bias": np.ones(9)}, strict=False)
