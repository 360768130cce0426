"""The conformance suite for engines: tests that define every command.

All tests use the `tuitrain.engines.engine.Engine` protocol, and the `EngineState` that it returns;
no test knows which engine it has. To test another engine, add a factory to ``ENGINES`` and run
``pytest tests/conformance``.

A test that needs a capability is marked ``needs(Capability...)``: it runs if the engine declares
the capability.

A factory is ``make(groups=GROUPS, seed=0, affine=True) -> Engine``. Each call builds:

Data
    `problem.TRAIN` in batches of `problem.BATCH_SIZE`, shuffled by the seed, and `problem.TEST`:
    uint8 images of shape (N, 1, 6, 6), scaled as the engine likes, and int64 labels 0 to 3. The
    loss is the mean cross entropy.
Model
    In float32, in this order, with these names: ``conv``, a convolution of 1 to 3 channels, 3x3,
    with bias, no padding; ``norm``, a batch normalization of 3 channels, with running statistics
    among its buffers and, if affine, weight and bias; ReLU; flatten to 48; dropout of 0.2; ``fc``,
    linear, 48 to 8; ReLU; ``head``, linear, 8 to 4. Every layer names its parameters ``weight`` and
    ``bias``. ``fc.weight`` has shape (8, 48). All follow from the seed: weights, order of data,
    dropout.
Groups
    As the plans say (`problem.Plan`): a parameter goes to the first group with a glob that matches
    its name; ``settings`` holds the lr and the optimizer's hyper-parameters; ``frozen`` is the
    state at step 0.
Optimizers
    ``sgd``, ``adam``, ``adamw``, ``rmsprop``, ``adagrad``, ``adadelta``, ``lamb`` and ``lion``. SGD
    keeps one array a parameter, its velocity, and Adam two.
"""

from collections.abc import Callable

import pytest

from tests.conformance import embedded, script
from tests.conformance.probes import RULES
from tests.installed import is_installed
from tuitrain.engines.capabilities import Capabilities
from tuitrain.engines.engine import Engine

ENGINES: dict[str, Callable[..., Engine]] = {
    "embedded": embedded.make_engine,
    "script": script.make_engine,
}
LACKING: dict[str, set[str]] = {}
"""The optimizers that an engine does not have; it refuses them with the list of its own."""

if is_installed("torch"):
    from tests.conformance import torch_engines

    ENGINES["torch-script"] = torch_engines.make_engine
    ENGINES["torch"] = torch_engines.make_scenario_engine
    LACKING["torch"] = LACKING["torch-script"] = {"lamb", "lion"}


@pytest.fixture(scope="session", params=ENGINES)
def make_engine(request) -> Callable[..., Engine]:
    return ENGINES[request.param]


@pytest.fixture(scope="session")
def capabilities(make_engine) -> Capabilities:
    return make_engine().capabilities


@pytest.fixture(autouse=True)
def skip_without_capability(request, capabilities) -> None:
    for marker in request.node.iter_markers("needs"):
        for capability in marker.args:
            if reason := capabilities.missing(capability):
                pytest.skip(reason)


@pytest.fixture
def engine(make_engine) -> Engine:
    return make_engine()


@pytest.fixture(scope="session")
def lacking(make_engine) -> set[str]:
    """Return the optimizers that the engine does not have."""
    return next((LACKING.get(name, set()) for name, make in ENGINES.items() if make is make_engine))


@pytest.fixture(params=RULES)
def rule(request, lacking) -> str:
    """Return the name of each optimizer in turn."""
    if request.param in lacking:
        pytest.skip(f"the engine has no {request.param}")
    return request.param
