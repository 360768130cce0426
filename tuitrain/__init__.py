"""tuitrain: the flight deck for training.

Watch a neural network learn, parameter group by parameter group, and steer it while it runs.
"""

from importlib import import_module

__version__ = "0.1.0"
_API = ("ExpectationError", "ScriptRun", "StoppedError", "TorchRun", "watch")


def __getattr__(name: str) -> object:
    """Import the names of the Python API on first use: the command line starts without them."""
    if name in _API:
        return getattr(import_module("tuitrain.script.watch"), name)
    raise AttributeError(f"module 'tuitrain' has no attribute {name!r}")
