"""A model and data for tests, like those of a user."""

from dataclasses import replace

import numpy as np

from tuitrain_core import functional
from tuitrain_core.data import Dataset
from tuitrain_core.data.transform import Compose, RandomCrop, RandomHorizontalFlip
from tuitrain_core.models import MLP
from tuitrain_core.module import BatchNorm1d, Dropout, Linear, Module, Sequential


def model() -> MLP:
    return MLP((36, 8, 4))


def data() -> tuple[Dataset, Dataset]:
    generator = np.random.default_rng(0)

    def part(count: int) -> Dataset:
        labels = generator.integers(0, 4, count)
        images = np.zeros((count, 1, 6, 6), np.uint8)
        images[np.arange(count), 0, labels, :] = 255
        return Dataset(images, labels, 10, mean=0.1307, std=0.3081)

    return part(50), part(20)


def shifted(padding: int = 1) -> tuple[Dataset, Dataset]:
    """The data above; training moves and mirrors the images at random."""
    train, test = data()
    augment = Compose([RandomCrop(6, padding_size=padding), RandomHorizontalFlip()])
    return replace(train, transform=augment), test


def colours() -> tuple[Dataset, Dataset]:
    """Images of three channels, one of which is on."""
    generator = np.random.default_rng(0)

    def part(count: int) -> Dataset:
        labels = generator.integers(0, 3, count)
        images = generator.integers(0, 64, (count, 3, 6, 5), np.uint8)
        images[np.arange(count), labels] += 128
        return Dataset(images, labels, 3, mean=0.3, std=0.25)

    return part(50), part(20)


def broken():
    raise OSError("the disk is gone")


def leaves():
    """Ends the process, as a script does that was made into a module."""
    raise SystemExit(0)


def not_a_model() -> int:
    return 3


class TooNarrow(MLP):
    """Takes other images than there are."""

    def __init__(self) -> None:
        super().__init__((35, 8, 4))


class TooFew(MLP):
    """Knows fewer classes than there are labels."""

    def __init__(self) -> None:
        super().__init__((36, 8, 3))


class Tired(MLP):
    """Fails after some batches, as a user's model may; what it adds is not to be recorded."""

    error: type[BaseException] = ArithmeticError

    def __init__(self) -> None:
        super().__init__((36, 8, 4))
        self.count = 0

    def forward(self, inp):
        self.count += 1
        if self.count == 16:
            raise self.error("enough")
        return super().forward(inp + float(self.count))


class Leaving(Tired):
    """Ends the process after some batches."""

    error = SystemExit


def head(epochs: int) -> str:
    """Return the small scenario without commands and expectations; an epoch has 7 steps."""
    return f"""
schema = 1
name = "small"
model = "tests.scenario.small:model"
data = "tests.scenario.small:data"
batch_size = 8
epochs = {epochs}
[optimizer]
name = "sgd"
lr = 0.1
[[group]]
name = "fc"
params = ["fc*"]
[[group]]
name = "head"
params = ["*"]
"""


TEXT = f"""{head(3)}\
[[at]]
epoch = 1
do = ["freeze fc", "lr head 0.2"]
[[expect]]
epoch = 1
changed = {{ group = "fc", since_epoch = 0 }}
[[expect]]
epoch = 3
unchanged = {{ params = ["fc*"], since_epoch = 1 }}
grad_none = ["fc*"]
lr = {{ group = "head", is = 0.2 }}
test_accuracy = ">= 0"
train_loss = "< 10"
"""


class Normed(Module):
    """Has norm layers, and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = Linear(36, 8)
        self.norm = BatchNorm1d(8)
        self.inner = Sequential(Linear(8, 8), BatchNorm1d(8))
        self.drop = Dropout(0.2)
        self.classifier = Linear(8, 4)

    def forward(self, images):
        x = functional.relu(self.norm(self.fc1(functional.flatten(images, 1))))
        return self.classifier(self.drop(functional.relu(self.inner(x))))


NORMS = TEXT.replace("small:model", "small:Normed").replace("epochs = 3", "epochs = 20")
NORMS = NORMS[: NORMS.index("[[expect]]")]


class Plain(Normed):
    """The same with norm layers that have no parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = BatchNorm1d(8, affine=False)
        self.inner = Sequential(Linear(8, 8), BatchNorm1d(8, affine=False))


PLAIN = NORMS.replace("small:Normed", "small:Plain")
