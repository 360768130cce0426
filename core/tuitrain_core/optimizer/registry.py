"""The update rules by name: a new one is a file beside this one, and a row here."""

from __future__ import annotations

from ..errors import CoreError, unknown
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam
from .adamw import AdamW
from .lamb import LAMB
from .lion import Lion
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

RULES: dict[str, type[Optimizer]] = {
    each.rule: each for each in (SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, LAMB, Lion)
}


def rule(name: str) -> type[Optimizer]:
    """Return the update rule of this name.

    Raises
    ------
    CoreError : there is none; names the rules and the nearest match
    """
    if not isinstance(name, str) or name not in RULES:
        raise CoreError(f"optimizer {unknown(name, RULES)}")
    return RULES[name]
