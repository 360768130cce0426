"""Optimizers: update rules with hyper-parameters by group, and the transfer of their state."""

from typing import TYPE_CHECKING, NoReturn

from ..absent_names import absent
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam
from .adamw import AdamW
from .clip import clip_grad_norm, clip_grad_value
from .lamb import LAMB
from .lion import Lion
from .lr_scheduler import LRScheduler, MultiStepLR
from .multiple import MultipleOptimizer
from .optimizer import Optimizer
from .optimizer_transfer import transfer_optimizer
from .registry import OPTIMIZERS, get_optimizer_class
from .rmsprop import RMSprop
from .sgd import SGD
from .state import ParameterState
from .state_transfer import default_policy, transfer_state, transfer_summary
from .update_call import UpdateCall, UpdateStatistics

__all__ = [
    "LAMB",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "LRScheduler",
    "Lion",
    "MultiStepLR",
    "MultipleOptimizer",
    "Optimizer",
    "ParameterState",
    "UpdateCall",
    "RMSprop",
    "OPTIMIZERS",
    "UpdateStatistics",
    "transfer_state",
    "clip_grad_norm",
    "clip_grad_value",
    "default_policy",
    "transfer_summary",
    "transfer_optimizer",
    "get_optimizer_class",
]


if not TYPE_CHECKING:  # which knows the names

    def __getattr__(name: str) -> NoReturn:
        raise absent(__name__, name, __all__)
