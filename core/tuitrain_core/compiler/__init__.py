"""The recorded tier: a step traced once into calls over memory that stays where it is."""

from .planning.batch_source import BatchSource
from .planning.clipping import Clipping
from .planning.pending_updates import PendingUpdate, prepare_updates
from .planning.stop_condition import LossLimit, StopCondition
from .planning.updates import ParameterUpdate
from .program import Program
from .recording import Recording
from .trace import Forward, NotRecordableError, trace
from .tracing.trace_guards import AttributeGuard

__all__ = [
    "AttributeGuard",
    "Clipping",
    "PendingUpdate",
    "BatchSource",
    "Forward",
    "LossLimit",
    "NotRecordableError",
    "ParameterUpdate",
    "Program",
    "Recording",
    "StopCondition",
    "prepare_updates",
    "trace",
]
