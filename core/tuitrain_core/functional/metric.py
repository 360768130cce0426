"""Measures of a network's output: ``functional.metric``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..tensor import Tensor, wrap
from .inputs import as_tensor
from .selection import topk as select_topk


def topk_accuracy(
    logits: Tensor, target: Tensor, topk: int | Sequence[int] = 1
) -> Tensor | list[Tensor]:
    """Return the fraction of samples whose label is among the ``topk`` largest logits.

    Parameters
    ----------
    logits : shape (N, K)
    target : labels, shape (N,)
    topk : a number, or several, for which a list is returned
    """
    counts = list(topk) if isinstance(topk, Sequence) else [topk]
    largest = select_topk(logits, max(counts))[1].numpy()
    hits = largest == as_tensor(target).numpy()[:, np.newaxis]
    rates = [wrap(np.asarray(hits[:, :k].any(1).mean(), np.float32)) for k in counts]
    return rates[0] if len(rates) == 1 else rates
