"""Data sets made by formula: points on spirals, and noisy waves.

The bits are the same for every version of NumPy and on every machine: the random numbers are raw
words of a Philox generator, and all else is sums, products and rounding.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np

from ..ops.base import Array
from .memory_dataset import Dataset

ARMS: Final = 3
WAVE_NAMES: Final = ("sine", "square", "triangle")
WAVE_LENGTH: Final = 64
_SPIRALS_KEY, _WAVES_KEY = 1, 2


@functools.cache
def spirals() -> tuple[Dataset, Dataset]:
    """Return points on three spirals with noise, 1 500 for training and 500 for testing.

    A point of arm k with the distance r from the center, uniform in [0.1, 1), has the angle
    k / 3 + 0.8 r turns, with a standard deviation of 0.025 turns.

    Returns
    -------
    train, test : float32 inputs (N, 2), x and y within (-1, 1); 3 classes
    """
    count = 2000
    generator = np.random.Philox(key=np.array([_SPIRALS_KEY, 0], np.uint64))
    arms = np.arange(count) % ARMS
    radius = 0.1 + 0.9 * _uniform(generator, count)
    turns = arms / ARMS + 0.8 * radius + 0.025 * _normal(generator, count)
    points = np.stack([radius * _sine(turns + 0.25), radius * _sine(turns)], axis=1)
    names = tuple(f"arm {arm + 1}" for arm in range(ARMS))

    def part(chosen: slice) -> Dataset:
        return Dataset(
            points[chosen], arms[chosen], ARMS, class_names=names, feature_names=("x", "y")
        )

    return part(slice(0, 1500)), part(slice(1500, count))


@functools.cache
def waves() -> tuple[Dataset, Dataset]:
    """Return noisy sine, square and triangle waves, 1 500 for training and 500 for testing.

    A wave has an amplitude in [0.5, 1.5), one to three periods, any phase, and noise with a
    standard deviation of 0.1.

    Returns
    -------
    train, test : float32 inputs (N, 64), curves; 3 classes
    """
    count = 2000
    generator = np.random.Philox(key=np.array([_WAVES_KEY, 0], np.uint64))
    kinds = (np.arange(count) % len(WAVE_NAMES))[:, None]
    amplitude, periods, phase = (_uniform(generator, count)[:, None] for _ in range(3))
    turns = phase + (1.0 + 2.0 * periods) * (np.arange(WAVE_LENGTH) / WAVE_LENGTH)
    shapes = [_sine(turns), _square(turns), _triangle(turns)]
    curves = np.select([kinds == kind for kind in range(len(shapes))], shapes)
    noise = _normal(generator, count * WAVE_LENGTH).reshape(curves.shape)
    curves = (0.5 + amplitude) * curves + 0.1 * noise

    def part(chosen: slice) -> Dataset:
        return Dataset(curves[chosen], kinds[chosen, 0], len(shapes), class_names=WAVE_NAMES)

    return part(slice(0, 1500)), part(slice(1500, count))


def _uniform(generator: np.random.Philox, count: int) -> Array:
    """Return numbers in [0, 1): 53 bits of a word each."""
    return (generator.random_raw(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _normal(generator: np.random.Philox, count: int) -> Array:
    """Return numbers with mean 0 and standard deviation 1: sums of a word's four 16-bit parts."""
    words = generator.random_raw(count)
    parts = [(words >> np.uint64(shift)) & np.uint64(0xFFFF) for shift in (0, 16, 32, 48)]
    total = (parts[0] + parts[1] + parts[2] + parts[3]).astype(np.float64)
    return (total - 2.0 * 65535.0) * (1.7320508075688772 / 65536.0)


def _sine(turns: Array) -> Array:
    """Return sin(2π t), by its Taylor series within a quarter turn, to 1e-12."""
    turns = turns - np.floor(turns + 0.5)  # in [-1/2, 1/2)
    turns = np.where(turns > 0.25, 0.5 - turns, np.where(turns < -0.25, -0.5 - turns, turns))
    angle = turns * 6.283185307179586
    square = angle * angle
    result = np.zeros_like(angle)
    for power in range(17, 0, -2):  # 1 - x²/(2 · 3) · (1 - x²/(4 · 5) · (...))
        result = 1.0 - square * result / ((power + 1) * (power + 2))
    return angle * result


def _square(turns: Array) -> Array:
    return np.where(turns - np.floor(turns) < 0.5, 1.0, -1.0)


def _triangle(turns: Array) -> Array:
    return 1.0 - 4.0 * np.abs(turns - np.floor(turns) - 0.5)
