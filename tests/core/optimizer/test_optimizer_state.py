"""State dictionaries: a round trip continues bit for bit, and what does not fit is listed."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from tuitrain_core import optimizer as optim
from tuitrain_core.errors import StateError
from tuitrain_core.tensor import Parameter, Tensor

SHAPES = [(3, 4), (5,)]


def make(rule: str) -> optim.Optimizer:
    params = [Parameter(np.ones(shape, "f4")) for shape in SHAPES]
    more = {"momentum": 0.9} if rule == "sgd" else {}
    groups = [{"params": params[0]}, {"params": params[1], "lr": 0.02}]
    return optim.OPTIMIZERS[rule](groups, **{"lr": 0.1, **more})


def train(opt: optim.Optimizer, seeds: range) -> None:
    for seed in seeds:
        generator = np.random.default_rng(seed)
        for param in opt.parameters():
            param.grad = Tensor(generator.standard_normal(param.shape).astype("f4"))
        opt.step().clear_grad()


every_rule = pytest.mark.parametrize("rule", list(optim.OPTIMIZERS))


@every_rule
def test_a_round_trip_continues_bit_for_bit(rule):
    straight, stopped, resumed = make(rule), make(rule), make(rule)
    train(straight, range(12))
    train(stopped, range(5))
    stopped.param_groups[1]["lr"] = 0.5
    saved = stopped.state_dict()
    stopped.param_groups[1]["lr"] = 0.02
    train(stopped, range(5, 7))  # what happens later does not reach into the copy
    saved["param_groups"][1]["lr"] = 0.02
    resumed.load_state_dict(saved)
    before = make(rule)
    train(before, range(5))
    for own, old in zip(resumed.parameters(), before.parameters(), strict=True):
        own.set_value(old)
    train(resumed, range(5, 12))
    for a, b in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()
        assert straight.state[a].step == resumed.state[b].step == 12
        for name, array in straight.state[a].slots.items():
            assert array.tobytes() == resumed.state[b].slots[name].tobytes()


@every_rule
def test_hyper_parameters_come_back(rule):
    opt, other = make(rule), make(rule)
    opt.param_groups[0]["lr"] = 0.75
    opt.param_groups[1]["weight_decay"] = 0.5
    other.load_state_dict(opt.state_dict())
    assert [group["lr"] for group in other.param_groups] == [0.75, 0.02]
    assert other.param_groups[1]["weight_decay"] == 0.5


@every_rule
def test_a_state_dict_is_plain_and_shares_nothing(rule):
    opt = make(rule)
    train(opt, range(2))
    saved = opt.state_dict()
    assert saved["rule"] == rule
    assert [group["params"] for group in saved["param_groups"]] == [1, 1]
    first = saved["state"][0]
    assert type(first["step"]) is int
    for name, array in first["slots"].items():
        assert type(array) is np.ndarray
        assert not np.shares_memory(array, opt.state[opt.parameters()[0]].slots[name])


def test_a_parameter_without_state_comes_back_without():
    opt, other = make("adam"), make("adam")
    opt.parameters()[1].grad = Tensor(np.ones(5, "f4"))
    opt.step()
    saved = opt.state_dict()
    assert saved["state"][0] is None
    train(other, range(1))
    other.load_state_dict(saved)
    assert list(other.state) == [other.parameters()[1]]


def test_the_loaded_arrays_are_copies():
    opt, other = make("adam"), make("adam")
    train(opt, range(2))
    saved = opt.state_dict()
    kept = copy.deepcopy(saved)
    other.load_state_dict(saved)
    train(other, range(2))
    for now, then in zip(saved["state"], kept["state"], strict=True):
        for name in then["slots"]:
            np.testing.assert_array_equal(now["slots"][name], then["slots"][name])


def corrupted() -> list[tuple[str, dict]]:
    opt = make("adam")
    train(opt, range(2))

    def changed(change) -> dict:
        saved = opt.state_dict()
        change(saved)
        return saved

    slots = "state", 0, "slots"
    return [
        ("has the keys", changed(lambda s: s.pop("rule"))),
        ("it is the state of 'sgd', and this is 'adam'", changed(lambda s: s.update(rule="sgd"))),
        ("it has 1 groups, and this optimizer 2", changed(lambda s: s["param_groups"].pop())),
        ("group 0 is int, not a dict", changed(lambda s: s.update(param_groups=[1, 2]))),
        (
            "group 0 has 9 parameters, here 1",
            changed(lambda s: s["param_groups"][0].update(params=9)),
        ),
        ("group 1: lr must be", changed(lambda s: s["param_groups"][1].update(lr=-1))),
        ("group 1: 'l' is unknown", changed(lambda s: s["param_groups"][1].update(l=1))),
        ("group 0: eps is missing", changed(lambda s: s["param_groups"][0].pop("eps"))),
        ("the state of 1 parameters, and this optimizer 2", changed(lambda s: s["state"].pop())),
        ("parameter 1: a parameter's state is", changed(lambda s: s["state"].__setitem__(1, 3))),
        ("step must be an integer", changed(lambda s: s["state"][0].update(step=-1))),
        ("step must be an integer", changed(lambda s: s["state"][0].update(step=1.0))),
        ("slots must be a dict", changed(lambda s: s["state"][0].update(slots=None))),
        ("exp_avg is missing", changed(lambda s: at(s, *slots).pop("exp_avg"))),
        ("v is not a slot of 'adam'", changed(lambda s: at(s, *slots).update(v=np.ones(3)))),
        ("exp_avg must be an array", changed(lambda s: at(s, *slots).update(exp_avg=1.0))),
        (
            r"exp_avg must be float32 \(3, 4\), but is float32 \(12,\)",
            changed(lambda s: at(s, *slots).update(exp_avg=np.ones(12, "f4"))),
        ),
        (
            r"exp_avg must be float32 \(3, 4\), but is float64 \(3, 4\)",
            changed(lambda s: at(s, *slots).update(exp_avg=np.ones((3, 4)))),
        ),
    ]


def at(value, *keys):
    for key in keys:
        value = value[key]
    return value


@pytest.mark.parametrize(("message", "saved"), corrupted())
def test_a_state_that_does_not_fit_is_an_error_and_changes_nothing(message, saved):
    opt = make("adam")
    train(opt, range(1))
    before = repr(opt.state_dict())
    with pytest.raises(StateError, match=message):
        opt.load_state_dict(saved)
    assert repr(opt.state_dict()) == before


def test_every_problem_is_listed():
    opt = make("adam")
    train(opt, range(1))
    saved = opt.state_dict()
    saved["param_groups"][0]["lr"] = -1
    saved["state"][0]["step"] = "3"
    saved["state"][1]["slots"] = {}
    with pytest.raises(StateError) as caught:
        opt.load_state_dict(saved)
    assert str(caught.value).count(";") == 3
    with pytest.raises(StateError, match="a state is a dict, but was given list"):
        opt.load_state_dict([])  # type: ignore[arg-type]
