"""How many threads compute, as far as the bits depend on it."""

from __future__ import annotations


def limit_blas_threads() -> None:
    """Let BLAS use one thread in this process, from now on.

    Its sums are taken in another order with another number of threads, so that the bits of a run
    would depend on the machine. The core's products are too small to gain from a second one.
    """
    from threadpoolctl import threadpool_limits  # not needed by whoever only reads data

    threadpool_limits(1, user_api="blas")
