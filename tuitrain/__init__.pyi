from tuitrain.engines.loops.turns import StoppedError as StoppedError
from tuitrain.script.watch import ScriptRun as ScriptRun
from tuitrain.script.watch import TorchRun as TorchRun
from tuitrain.script.watch import watch as watch

__version__: str
