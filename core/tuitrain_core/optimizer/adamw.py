"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from typing import ClassVar

from .adam import Adam
from .groups import Group, Params


class AdamW(Adam):
    """Adam with decoupled weight decay.

    The decay is not in the gradient, and so not in the moments: with Adam's step ``d``, without
    lr::

        p -= lr * (d + weight_decay * p)

    Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.

    Parameters
    ----------
    params, lr, betas, eps : as for `Adam`
    weight_decay : 0 or more
    """

    rule: ClassVar[str] = "adamw"

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def _decays(self, group: Group) -> tuple[float, float]:
        return 0.0, group["lr"] * group["weight_decay"]
