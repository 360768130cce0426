"""Kernels of the eager tier get ready on their first call, wherever and whenever that is."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tuitrain_core.kernels.jit import kernel


@kernel
def doubled(x: float) -> float:
    return x + x


@kernel
def fourfold(x: float) -> float:
    return doubled(doubled(x))


@kernel
def tripled(x: float) -> float:
    return doubled(x) + x


early = fourfold


def test_kernels_get_ready_once_however_many_threads_call_them_first():
    together = threading.Barrier(6)

    def call(function):
        together.wait()
        return function(1.5)

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(call, [early, tripled] * 3))
    assert results == [6.0, 4.5] * 3
    assert early(np.float32(2.0)) == 8.0
