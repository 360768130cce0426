"""Update rules with per-group hyper-parameters, and what becomes of their state in a swap."""

from .adam import Adam
from .adamw import AdamW
from .carry import carry, default_policy, describe
from .multiple import MultipleOptimizer
from .optimizer import Optimizer, UpdateStatistics
from .registry import RULES, rule
from .sgd import SGD
from .state import ParameterState

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "MultipleOptimizer",
    "Optimizer",
    "ParameterState",
    "RULES",
    "UpdateStatistics",
    "carry",
    "default_policy",
    "describe",
    "rule",
]
