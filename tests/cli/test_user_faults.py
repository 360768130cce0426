"""Faults in code of the user: what has failed is named, and where; losses that train nothing."""

from __future__ import annotations

import json
import sys

import pytest

from tuitrain.cli import main

CODE = """
import numpy as np

from tuitrain_core import tensor
from tuitrain_core.data import Dataset
from tuitrain_core.data.transform import Transform
from tuitrain_core.module import Linear

calls = 0


def net():
    return Linear(2, 2)


def data(transform=None):
    inputs = np.random.default_rng(0).standard_normal((12, 2))
    part = Dataset(inputs, (inputs[:, 0] > 0).astype(int), transform=transform)
    return part, part


class Broken(Transform):
    def apply(self, sample):
        global calls
        calls += 1
        if calls > 1:
            raise ValueError("torn")
        return sample


def torn():
    return data(Broken())


class WithLoss(Linear):
    def loss(self, batch):
        return None


def with_loss():
    return WithLoss(2, 2)


def fails_late(outputs, targets):
    global calls
    calls += 1
    if calls > 10:
        1 / 0
    return (outputs * outputs).mean() * float(1 + abs(outputs.numpy().sum()))


def late_metric(outputs, targets):
    global calls
    calls += 1
    return 1 / (calls < 4)


def bad(outputs, targets):
    return outputs.no_such_thing


def nothing(outputs, targets):
    return None


def array(outputs, targets):
    return np.zeros(3)


def number(outputs, targets):
    return 0.5


class MuteError(Exception):
    def __str__(self):
        raise ValueError("no words")


def mute(outputs, targets):
    raise MuteError


def many(outputs, targets):
    return (outputs * outputs).mean(axis=1)


def constant(outputs, targets):
    return tensor(0.5)


def detached(outputs, targets):
    return (outputs.detach() * 2).mean()


def flat(outputs, targets):
    return (outputs * 0).mean()


def nan(outputs, targets):
    return (outputs * float("nan")).mean()


def infinite(outputs, targets):
    return (outputs * 0 + float("inf")).mean()
"""

SCENARIO = """
schema = 1
name = "faults"
{model}
{data}
steps = 9
batch_size = 4
{more}

[optimizer]
name = "sgd"
lr = 0.1
"""


@pytest.fixture
def replay(tmp_path, monkeypatch, capsys):
    """Return a function that replays a scenario, and returns its status and its output."""
    path, modules = list(sys.path), set(sys.modules)
    (tmp_path / "faulty.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)

    def replay(more="", model="net", data="data", options=()):
        keys = {"model": f'model = "faulty:{model}"', "data": f'data = "faulty:{data}"'}
        (tmp_path / "x.toml").write_text(SCENARIO.format(more=more, **keys))
        status = main(["replay", *options, "x.toml"])
        output = capsys.readouterr()
        return status, output.out, output.err

    yield replay
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("faulty"):
            del sys.modules[name]


def line_of(text: str) -> int:
    """Return the number of the line of the module with a text."""
    return CODE[: CODE.index(text)].count("\n") + 1


def test_a_fault_of_a_loss_is_not_blamed_on_the_model(replay):
    status, _, err = replay('loss = "faulty:bad"')
    *traceback, last = err.splitlines()
    assert status == 2
    assert last.startswith("tuitrain: x.toml: loss: faulty:bad failed: AttributeError: ")
    assert last.endswith(f"(faulty.py, line {line_of('return outputs.no_such')})")
    assert any("return outputs.no_such_thing" in line for line in traceback)


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ('loss = "faulty:fails_late"', "step 6: loss: faulty:fails_late"),
        ('metrics = ["faulty:late_metric"]', "after step 3: metrics: faulty:late_metric"),
    ],
)
def test_a_fault_after_some_steps_has_the_traceback_of_the_user(replay, keys, what):
    status, _, err = replay(f'{keys}\nevaluate = {{ every = "1 step" }}')
    *traceback, last = err.splitlines()
    assert status == 1
    assert f": {what} failed: ZeroDivisionError: division by zero (faulty.py, line " in last
    assert traceback[0] == "Traceback (most recent call last):"
    assert not [line for line in traceback if "/tuitrain" in line]


def test_an_exception_without_a_message_is_one_sentence_too(replay):
    status, _, err = replay('loss = "faulty:mute"')
    assert status == 2
    assert "loss: faulty:mute failed: MuteError: (its message cannot be read) (faulty.py" in err


def test_a_fault_of_a_transform_is_one_of_the_data(replay):
    status, _, err = replay(data="torn")
    *traceback, last = err.splitlines()
    assert status == 2
    assert "data: a transform failed: ValueError: torn (faulty.py, line " in last
    assert any('raise ValueError("torn")' in line for line in traceback)


def test_a_metric_that_does_not_fit_is_not_blamed_on_the_model(replay):
    _, _, err = replay('metrics = ["mae"]')
    assert "x.toml: metrics: the measurement failed: ShapeError: outputs" in err


@pytest.mark.parametrize(
    ("name", "gave"),
    [
        ("nothing", "None"),
        ("array", "a numpy.ndarray"),
        ("number", "float"),
        ("many", "numbers of shape (4,); its mean() is one"),
    ],
)
def test_a_loss_that_is_not_one_number_is_one_sentence(replay, name, gave):
    status, _, err = replay(f'loss = "faulty:{name}"')
    assert status == 2
    assert err.splitlines()[-1].startswith(f"tuitrain: x.toml: loss: faulty:{name} failed: ")
    assert f"the loss must return one number, as a tuitrain_core Tensor, but gave {gave}" in err


def test_a_method_loss_that_returns_nothing_is_one_sentence(replay):
    status, _, err = replay(model="with_loss", more='metrics = ["test_loss"]')
    assert status == 2
    assert "the loss must be a Tensor with one number, but is None" in err


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("constant", "the loss gives no gradient to any parameter, so nothing is trained"),
        ("detached", "the loss gives no gradient to any parameter, so nothing is trained"),
        ("flat", "every gradient is 0 in step 3, so nothing is trained"),
        ("nan", "the loss is NaN from the first step on"),
        ("infinite", "the loss is infinite from the first step on"),
    ],
)
def test_a_loss_that_trains_nothing_is_reported_once(replay, name, sentence):
    status, out, err = replay(f'loss = "faulty:{name}"')
    assert (status, err) == (0, "")
    assert out.count(f"! {sentence}\n") == 1
    _, out, _ = replay(f'loss = "faulty:{name}"', options=["--json"])
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["message"] for line in lines if line["event"] == "trouble"] == [sentence]


def test_parameters_that_are_all_frozen_need_no_gradient(replay):
    more = '[[at]]\nstep = 0\ndo = "freeze *"\n'
    status, out, _ = replay('loss = "faulty:flat"\n' + more)
    assert status == 0
    assert "!" not in out


def test_a_scenario_without_expectations_does_not_say_that_they_hold(replay):
    assert "finished; no expectations; sha256:" in replay()[1]
    _, out, _ = replay('[[expect]]\nstep = 9\ntrain_loss = "< 99"\n')
    assert "all expectations hold; sha256:" in out
