"""The recorded tier: a step traced once into calls over memory that stays where it is."""

from .program import Program
from .trace import Forward, NotRecordableError, trace

__all__ = ["Forward", "NotRecordableError", "Program", "trace"]
