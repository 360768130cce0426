"""The problem that every engine under test trains: small data, and the initial groups."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

BATCH_SIZE = 8


class Plan(NamedTuple):
    """A group at the start of a run; a parameter belongs to the first group that matches it."""

    name: str
    globs: tuple[str, ...]
    optimizer: str
    settings: Mapping[str, Any]
    frozen: bool = False


CONV = Plan("conv", ("conv.*", "norm.*"), "sgd", {"lr": 0.1, "momentum": 0.9})
FC = Plan("fc", ("*",), "adam", {"lr": 0.01, "weight_decay": 0.01})
GROUPS = (CONV, FC)
PLAIN = (CONV._replace(globs=("conv.*",)), FC)
"""The groups for a norm layer without parameters."""


def digits(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 images (count, 1, 6, 6) and int64 labels 0 to 3: where the bright spot is."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, count).astype(np.int64)
    images = generator.integers(0, 60, (count, 1, 6, 6)).astype(np.uint8)
    images[np.arange(count), 0, labels, labels] = 255
    return images, labels


TRAIN = digits(50, 1)
TEST = digits(30, 2)
