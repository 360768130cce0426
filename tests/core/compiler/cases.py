"""Networks with every kind of layer, and their loss and gradients in the eager tier."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tuitrain_core import Parameter, Tensor, random, tensor
from tuitrain_core import functional as F
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import Program
from tuitrain_core.models import CNN, MLP, LeNet, ResNet, Transformer
from tuitrain_core.module import (
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
)

CAPACITY = 12


class Residual(Module):
    """A small residual network with every kind of operation that has no kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv2d(2, 8, 3, padding=1)
        self.norm = BatchNorm2d(8)
        self.same = Conv2d(8, 8, 3, padding=1, bias=False)
        self.down = Conv2d(8, 17, 3, stride=2, padding=1)
        self.drop = Dropout(0.25)
        self.head = Linear(17, 5)
        self.scale = Parameter(np.float32([1.5]))
        self.place = Parameter(np.ones((1, 17, 5, 4), np.float32))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))
        x = x + F.gelu(self.same(x)) * self.scale
        x = self.drop(F.relu(self.down(x))) + self.place
        x = x.mean((2, 3))
        return self.head(x.reshape(x.shape[0], -1))


class Tied(Module):
    """A weight that is used twice, and a parameter that the loss does not depend on."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = Parameter(np.full((6, 6), 0.25, np.float32))
        self.idle = Parameter(np.ones(3, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        _ = self.idle * 2.0
        x = F.nn.linear(F.flatten(x, 1), self.weight)
        return F.nn.linear(F.tanh(x), self.weight)


class Block(Module):
    """A usual residual block: two norms, a sum and ReLU; the shortcut is computed first."""

    def __init__(self, C: int, affine: bool = True) -> None:
        super().__init__()
        self.conv1, self.norm1 = Conv2d(C, C, 3, padding=1, bias=False), BatchNorm2d(C)
        self.conv2 = Conv2d(C, C, 3, padding=1, bias=False)
        self.norm2 = BatchNorm2d(C, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + x)


class Arithmetic(Module):
    """Every pair of operand shapes that has a kernel."""

    def __init__(self) -> None:
        super().__init__()
        draw = np.random.default_rng(1)

        def parameter(*shape: int) -> Parameter:
            return Parameter(draw.uniform(0.5, 1.5, shape).astype(np.float32))

        self.channel, self.scalar = parameter(1, 3, 1, 1), parameter()
        self.row, self.table, self.one = parameter(5), parameter(12, 5), parameter(1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x + self.channel) * self.channel - self.channel
        x = (self.scalar * x - self.scalar) + x * x
        x = F.relu(x + 0.1) / 3.0
        y = x.reshape(x.shape[0], 12, 5)
        y = (y - self.row) * self.table + y.transpose(0, 2, 1).reshape(-1, 12, 5)
        y = F.tanh(y) - F.sigmoid(y * self.one) + F.gelu(y, True)
        return y.mean(1) + y.sum(1) * 0.1


class Products(Module):
    """Products of two values, and with a parameter; softmax and norms of rows."""

    def __init__(self) -> None:
        super().__init__()
        draw = np.random.default_rng(2)
        self.weight = Parameter(draw.standard_normal((19, 7)).astype(np.float32))
        self.norm, self.plain = LayerNorm(7), LayerNorm((6, 7), affine=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(0, 2, 1, 3).reshape(-1, 6, 19)
        y = self.norm(F.softmax(x, -1) @ self.weight)
        weights = F.softmax(y @ y.transpose(0, 2, 1), -1)
        return F.softmax(self.plain(weights @ y).sum(1), -1) * 3.0


class Dropouts(Module):
    """Dropout of images, of tokens and of rows, with odd numbers of elements."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = Conv2d(2, 3, 1), Linear(35, 5)
        self.first, self.second = Dropout(0.25), Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(self.conv(self.first(x))))
        x = self.second(x.reshape(x.shape[0], 3, 35)).mean(1)
        return self.second(self.head(self.first(x)))


class Tokens(Module):
    """Pixels as integers, looked up in a table."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = Embedding(4, 6), Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = (F.sigmoid(x) * 3.9).astype("int32").reshape(-1, 6)
        return self.head(self.table(x).mean(1))


class Sentences(Module):
    """A transformer of tokens: tables of words and positions, dropout."""

    def __init__(self, dtype: str = "int32") -> None:
        super().__init__()
        self.words, self.places = Embedding(9, 20), Embedding(6, 20)
        self.drop, self.block = Dropout(0.2), Transformer((1, 6, 1), 5, 20, 4, 1).blocks
        self.kind, self.first = Embedding(9, 5), Linear(20, 5)
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        x = F.flatten(x * x * 0.5, 1).astype(self.dtype)
        places = Tensor(np.arange(6))
        y = self.drop(self.words(x) + self.places(places))
        return self.first(self.block(y).mean(1)) + self.kind(x).mean(1)


class ClassTable(Module):
    """One integer for each sample, and a table as wide as the number of classes."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Embedding(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.table((x * x * 0.5).astype("int32").reshape(-1))


CASES: dict[str, tuple[Callable[[], Module], tuple[int, ...], int]] = {
    "lenet": (LeNet, (1, 28, 28), 10),
    "mlp": (lambda: MLP((35, 33, 17, 3)), (1, 5, 7), 3),
    "residual": (Residual, (2, 10, 8), 5),
    "tied": (Tied, (1, 2, 3), 6),
    "block": (lambda: Sequential(Conv2d(1, 18, 3), Block(18), Block(18, False)), (1, 7, 6), 18),
    "norm of rows": (
        lambda: Sequential(Flatten(), Linear(6, 19), BatchNorm1d(19), ReLU(), BatchNorm1d(19)),
        (1, 2, 3),
        19,
    ),
    "arithmetic": (Arithmetic, (3, 5, 4), 5),
    "products": (Products, (1, 6, 19), 7),
    "products of colours": (Products, (19, 6, 1), 7),
    "transformer": (lambda: Transformer((1, 9, 7), 4, 20, 4, 1), (1, 9, 7), 4),
    "transformer of colours": (lambda: Transformer((3, 5, 6), 4, 16, 2, 1), (3, 5, 6), 4),
    "cnn": (lambda: CNN(3, 4), (3, 9, 8), 4),
    "resnet": (lambda: ResNet(8, 3, 4), (3, 16, 12), 4),
    "dropout": (Dropouts, (2, 5, 7), 5),
    "embedding": (Tokens, (1, 1, 6), 5),
    "one number": (ClassTable, (1, 1, 1), 5),
    "sentences": (Sentences, (1, 1, 6), 5),
    "sentences of long numbers": (lambda: Sentences("int64"), (1, 1, 6), 5),
    "pool": (
        lambda: Sequential(Conv2d(3, 5, 3), MaxPool2d(3, 2), Conv2d(5, 4, (3, 2))),
        (3, 11, 9),
        4,
    ),
    "padded pool": (lambda: Sequential(Conv2d(2, 18, 1), MaxPool2d(3, 2, 1)), (2, 9, 8), 18),
    "wide steps": (lambda: Sequential(Conv2d(2, 4, 1), MaxPool2d((2, 1), (3, 2))), (2, 9, 8), 4),
    "averages": (
        lambda: Sequential(
            Conv2d(2, 5, 1),
            AvgPool2d(3, 2, 1),
            AvgPool2d((3, 2), (1, 2), (1, 0), "average"),
        ),
        (2, 9, 8),
        5,
    ),
}


WITH_FALLBACK = ("residual", "tied")
"""Cases with an operation without a kernel: a map added to images, an operation on a parameter."""

OF_INTEGERS = ("embedding", "one number", "sentences", "sentences of long numbers")
"""Cases that convert their batch to integers, which cannot be infinite."""


class ToLogits(Module):
    """Reduces a module's output to logits."""

    def __init__(self, inner: Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        out = self.inner(x)
        return out.mean((2, 3)) if out.ndim > 2 else out


def batch(shape: tuple[int, ...], classes: int, rows: int = CAPACITY) -> tuple:
    draw = np.random.default_rng(rows)
    images = draw.standard_normal((rows, *shape)).astype(np.float32)
    return images, draw.integers(0, classes, rows).astype(np.int32)


def make_case(name: str) -> tuple[Module, Callable[[Tensor, Tensor], Tensor], tuple, int]:
    make, shape, classes = CASES[name]
    with random.scope(random.make_generator(7)):
        net = ToLogits(make())
    return net, lambda x, y: F.loss.cross_entropy(net(x), y), shape, classes


def eager(loss_of: Callable, parameters: list[Parameter], images, labels) -> float:
    for parameter in parameters:
        parameter.grad = None
    manager = GradManager().attach(parameters)
    with manager:
        loss = loss_of(tensor(images), tensor(labels))
        manager.backward(loss)
    return float(loss.item())


def gradients(parameters: list[Parameter]) -> list[np.ndarray | None]:
    return [None if p.grad is None else p.grad.numpy().copy() for p in parameters]


def assert_gradients_agree(actual: list, expected: list) -> None:
    # The gradient of a bias in front of a norm layer is rounding errors: scaled by the others.
    largest = max((np.abs(array).max() for array in expected if array is not None), default=0.0)
    for array, reference in zip(actual, expected, strict=True):
        assert (array is None) == (reference is None)
        if array is not None:
            scale = np.abs(reference).max() + 0.05 * largest
            np.testing.assert_allclose(array / scale, reference / scale, rtol=0, atol=5e-6)


def gradients_by_threads(program: Program, rows: int, parameters: list[Parameter]) -> list:
    """Return the gradients of the batch in a program, with equal bits for any number of threads."""
    results = []
    for threads in (1, 2, 5):
        with random.scope(random.make_generator(5)):
            program.differentiate(rows, parameters, threads)
        results.append(gradients(parameters))
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)
    return results[0]
