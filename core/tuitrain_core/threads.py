"""Limits on threads, for reproducible results."""

from __future__ import annotations


def limit_blas_threads() -> None:
    """Limit BLAS to one thread in this process, for reproducible results.

    The number of threads decides the order of BLAS's sums, and so the bits of a run. The core's
    products are too small to gain from a second thread.
    """
    from threadpoolctl import threadpool_limits  # code that only reads data does without

    threadpool_limits(1, user_api="blas")
