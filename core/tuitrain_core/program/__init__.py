"""The recorded tier: a step traced once into calls over memory that stays where it is."""

from .clipping import Clipping
from .coming import ComingUpdate, lay_out
from .feed import Feed
from .program import Program
from .recording import Recording
from .repeatable import Attributes
from .trace import Forward, NotRecordableError, trace
from .updates import ParameterUpdate
from .watch import LossWatch, Watch

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
