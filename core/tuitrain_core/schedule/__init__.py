"""Learning rates as pure functions of the step.

A schedule has no optimizer and no history: ``lr(step)`` is the same number for whichever order of
steps. So a rewind, a resume or a preview of the curve needs only the schedule.
"""

from .base import Schedule
from .cosine import Cosine, OneCycle
from .linear import Constant, Linear, LinearDecay
from .serialization import from_record, to_record
from .step_decay import Exponential, Milestones
from .warmup import WarmUp

__all__ = [
    "Constant",
    "Cosine",
    "Exponential",
    "Linear",
    "LinearDecay",
    "Milestones",
    "OneCycle",
    "Schedule",
    "WarmUp",
    "from_record",
    "to_record",
]
