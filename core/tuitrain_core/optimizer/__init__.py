"""Update rules with per-group hyper-parameters, and what becomes of their state in a swap."""

from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam
from .adamw import AdamW
from .carry import carry, default_policy, describe
from .clip import clip_grad_norm, clip_grad_value
from .hand_over import hand_over
from .lamb import LAMB
from .lion import Lion
from .multiple import MultipleOptimizer
from .optimizer import Optimizer
from .prepared import PreparedUpdate
from .registry import RULES, rule
from .rmsprop import RMSprop
from .sgd import SGD
from .state import ParameterState
from .statistics import UpdateStatistics

__all__ = [
    "LAMB",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "MultipleOptimizer",
    "Optimizer",
    "ParameterState",
    "PreparedUpdate",
    "RMSprop",
    "RULES",
    "UpdateStatistics",
    "carry",
    "clip_grad_norm",
    "clip_grad_value",
    "default_policy",
    "describe",
    "hand_over",
    "rule",
]
