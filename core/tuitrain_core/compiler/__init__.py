"""The recorded tier: a step traced once into calls over memory that stays where it is."""

from .planning.batch_source import Feed
from .planning.clipping import Clipping
from .planning.pending_updates import ComingUpdate, lay_out
from .planning.stop_condition import LossWatch, Watch
from .planning.updates import ParameterUpdate
from .program import Program
from .recording import Recording
from .trace import Forward, NotRecordableError, trace
from .tracing.trace_guards import Attributes

__all__ = [
    "Attributes",
    "Clipping",
    "ComingUpdate",
    "Feed",
    "Forward",
    "LossWatch",
    "NotRecordableError",
    "ParameterUpdate",
    "Program",
    "Recording",
    "Watch",
    "lay_out",
    "trace",
]
