"""The update rules by name."""

from __future__ import annotations

from ..errors import CoreError, describe_unknown
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam
from .adamw import AdamW
from .lamb import LAMB
from .lion import Lion
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

OPTIMIZERS: dict[str, type[Optimizer]] = {
    rule.rule: rule for rule in (SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, LAMB, Lion)
}


def get_optimizer_class(name: str) -> type[Optimizer]:
    """Return the update rule of this name.

    Raises
    ------
    CoreError : the name is unknown; lists the rules and the nearest match
    """
    if not isinstance(name, str) or name not in OPTIMIZERS:
        raise CoreError(f"optimizer {describe_unknown(name, OPTIMIZERS)}")
    return OPTIMIZERS[name]
