"""The recorded tier: a step traced once into calls over memory that stays where it is."""

from .feed import Feed
from .program import Program
from .recording import Recording
from .trace import Forward, NotRecordableError, trace
from .updates import ParameterUpdate, recordable

__all__ = [
    "Feed",
    "Forward",
    "NotRecordableError",
    "ParameterUpdate",
    "Program",
    "Recording",
    "recordable",
    "trace",
]
