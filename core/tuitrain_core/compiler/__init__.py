"""The recorded tier: a step is traced once, and then run as native calls over fixed memory.

A forward pass becomes a graph (`tracing`), whose operations are lowered to `layers`. These plan
native calls (`planning`), which are run in bursts of steps (`execution`).
"""

from .bottom_cache import BottomCache, needed_bytes
from .frozen_bottom import FrozenBottom, Obstacle
from .graph import Graph, Value
from .planner import PlanStatistics
from .planning.batch_source import BatchSource
from .planning.call import MAX_THREADS
from .planning.clipping import Clipping
from .planning.pending_updates import PendingUpdate, prepare_updates
from .planning.stop_condition import LossLimit, StopCondition
from .planning.updates import ParameterUpdate
from .program import Program
from .recording import Recording
from .tracing.guards import AttributeGuard, NotRecordableError
from .tracing.objective import as_tensors, call_model
from .tracing.trace import Forward, trace

__all__ = [
    "MAX_THREADS",
    "AttributeGuard",
    "BatchSource",
    "BottomCache",
    "Clipping",
    "Forward",
    "FrozenBottom",
    "Graph",
    "LossLimit",
    "NotRecordableError",
    "Obstacle",
    "ParameterUpdate",
    "PendingUpdate",
    "PlanStatistics",
    "Program",
    "Recording",
    "StopCondition",
    "Value",
    "as_tensors",
    "call_model",
    "needed_bytes",
    "prepare_updates",
    "trace",
]
