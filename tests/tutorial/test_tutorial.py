"""The tutorial on advanced parameter optimization runs, with only its imports changed.

The steps in ``page/`` use the tutorial's names and its framework's imports, in its order, in one
namespace. What is not in the tutorial are the ``seen_…`` calls, through which the test looks on.
"""

from pathlib import Path

import numpy as np
import pytest

from tuitrain_core import data, functional, models, random, tensor
from tuitrain_core.autodiff import GradManager

PAGE = Path(__file__).parent / "page"
NAMES_AND_SHAPES = """\
classifier.bias (10,)
classifier.weight (10, 84)
conv1.bias (1, 6, 1, 1)
conv1.weight (6, 1, 5, 5)
conv2.bias (1, 16, 1, 1)
conv2.weight (16, 6, 5, 5)
fc1.bias (120,)
fc1.weight (120, 400)
fc2.bias (84,)
fc2.weight (84, 120)
"""
FC = ["classifier.bias", "classifier.weight", "fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]
CONV = ["conv1.bias", "conv1.weight", "conv2.bias", "conv2.weight"]


def train_func(batch_data, batch_label, net, gm):
    """The training function that the tutorial takes from the chapter before it."""
    with gm:
        logits = net(tensor(batch_data))
        loss = functional.loss.cross_entropy(logits, tensor(batch_label))
        gm.backward(loss)
    return logits, loss


def small_part(dataset: data.Dataset, count: int) -> data.Dataset:
    return data.Dataset(dataset.inputs[:count], dataset.targets[:count])


class Reader:
    """Runs the page's steps in one namespace, and remembers what it was shown."""

    def __init__(self) -> None:
        random.seed(0)
        net = models.LeNet()
        self.parameters: dict[object, dict[str, bytes]] = {}
        self.with_gradient: dict[int, set[str]] = {}
        self.rates: list[list[float]] = []
        self.names = {
            "LeNet": models.LeNet,
            "le_net": net,
            "gm": GradManager().attach(net.parameters()),
            "dataloader": data.DataLoader(small_part(data.mnist_mini()[0], 1000), 64),
            "train_func": train_func,
            "tensor": tensor,
            "seen_parameters": self.see_parameters,
            "seen_gradients": self.see_gradients,
            "seen_rates": self.see_rates,
        }
        self.see_parameters("at first")

    def read(self, step: str) -> None:
        source = (PAGE / step).read_text()
        changed = source.replace("megengine", "tuitrain_core")
        assert len(source.splitlines()) == len(changed.splitlines())
        exec(compile(changed, step, "exec"), self.names)

    def read_through(self, last: str) -> None:
        for path in sorted(PAGE.glob("*.py")):
            self.read(path.name)
            if path.name == last:
                return

    def see_parameters(self, when: object) -> None:
        named = self.names["le_net"].named_parameters()
        self.parameters[when] = {name: item.numpy().tobytes() for name, item in named}

    def see_gradients(self, epoch: int) -> None:
        named = self.names["le_net"].named_parameters()
        self.with_gradient[epoch] = {name for name, item in named if item.grad is not None}

    def see_rates(self, epoch: int) -> None:
        self.rates.append([group["lr"] for group in self.names["optimizer"].param_groups])


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_the_listing_has_the_tutorials_names_and_shapes(reader, capsys):
    reader.read_through("1_parameters.py")
    assert capsys.readouterr().out == NAMES_AND_SHAPES


def test_the_groups_have_four_and_six_parameters_with_their_rates(reader, capsys):
    reader.read_through("2_groups.py")
    assert capsys.readouterr().out.splitlines()[-2:] == ["4 0.05", "6 0.01"]


def test_with_lr_zero_the_fully_connected_layers_are_constant_and_the_rest_trains(reader, capsys):
    reader.read_through("3_lr_to_zero.py")
    at = reader.parameters
    for name in FC:
        assert at["at first"][name] != at[0][name] != at[1][name]
        assert at[1][name] == at[2][name] == at[3][name]
    for name in CONV:
        assert len({at[epoch][name] for epoch in range(4)}) == 4
    assert all(reader.with_gradient[epoch] == {*FC, *CONV} for epoch in range(4))
    lines = capsys.readouterr().out.splitlines()
    shown = [line for line in lines if line.startswith("epoch: ")]
    assert shown[1].replace("epoch: 1", "epoch: 3") == shown[3]


def test_the_rate_falls_linearly_by_epoch(reader):
    reader.read_through("4_linear_decay.py")
    assert reader.rates == [[0.05 * (1 - float(epoch) / 10)] * 2 for epoch in range(10)]


def test_two_optimizers_train_all_parameters_together(reader):
    reader.read_through("5_two_optimizers.py")
    assert [group["lr"] for group in reader.names["optimizer"].param_groups] == [0.05, 0.01]
    before, after = reader.parameters[3], reader.parameters["two optimizers"]
    assert all(before[name] != after[name] for name in [*FC, *CONV])


def test_parameters_that_are_not_attached_have_no_gradient_and_are_constant(reader, capsys):
    reader.read_through("5_two_optimizers.py")
    capsys.readouterr()
    reader.read("6_a_part_only.py")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted([*FC, *CONV])
    assert {line.split()[0] for line in lines if line.endswith(" None")} == set(FC)
    named = dict(reader.names["le_net"].named_parameters())
    assert all(named[name].grad is None for name in [*FC, *CONV])  # cleared after the last step
    assert np.isfinite(reader.names["total_loss"])


def test_state_is_arrays_by_name(reader):
    net = reader.names["le_net"]
    state = {name: np.full_like(item.numpy(), 0.5) for name, item in net.named_parameters()}
    net.load_state_dict(state)
    assert all(float(item.numpy().min()) == 0.5 for item in net.parameters())
