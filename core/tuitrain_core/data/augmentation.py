"""Transformed samples of a data set in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import DataError
from ..ops.base import Array
from .transform import RandomNumbers, Transform, sample_scope
from .transform.base import check_transform


def transformed_batch(
    transform: Transform, samples: Array, numbers: Iterable[RandomNumbers]
) -> Array:
    """Return transformed samples, uint8, int32 or float32 as the samples are.

    Bytes may become floats 0 .. 255.

    Parameters
    ----------
    samples : (B, ...); pictures (B, C, H, W) reach the transform as (H, W, C)
    numbers : the random numbers of each sample

    Raises
    ------
    UnknownTypeError : the transform is none
    DataError : the transform gives something else than an array of a sample's shape and kind
    """
    check_transform(transform)
    are_pictures = samples.ndim == 4
    sources = np.moveaxis(samples, 1, 3) if are_pictures else samples
    results: list[Array] = []
    for source, generator in zip(sources, numbers, strict=True):
        with sample_scope(generator):
            result = transform.apply(source)
        _check(transform, source, result)
        results.append(result)
    batch = np.stack(results)
    batch = batch.astype(np.float32, copy=False) if batch.dtype.kind == "f" else batch
    return np.ascontiguousarray(np.moveaxis(batch, 3, 1) if are_pictures else batch)


def _check(transform: Transform, source: Array, result: Any) -> None:
    shape, dtype = getattr(result, "shape", None), getattr(result, "dtype", None)
    if shape != source.shape:
        raise DataError(
            f"a transform keeps the shape of a sample, {source.shape}, because evaluation does not "
            f"use it, but {transform!r} gives {type(result).__name__ if shape is None else shape}"
        )
    floats = dtype is not None and dtype.kind == "f" and source.dtype != np.int32
    if dtype != source.dtype and not floats:
        raise DataError(f"a transform of {source.dtype} samples keeps them, but gives {dtype}")
