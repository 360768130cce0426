"""Names that modules of the core do not have: the error says why, or names the nearest one."""

import importlib

import pytest


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("tuitrain_core", "distributed", "trained by one process"),
        ("tuitrain_core", "optimiser", "did you mean 'optimizer'"),
        ("tuitrain_core.module", "Conv3d", "have one or two axes"),
        ("tuitrain_core.module", "QuantStub", "no quantization"),
        ("tuitrain_core.module", "Liner", "did you mean 'Linear'"),
        ("tuitrain_core.functional", "vision", "no functions of vision"),
        ("tuitrain_core.functional.nn", "interpolate", "no functions of vision"),
        ("tuitrain_core.functional.nn", "reluu", "did you mean 'relu'"),
        ("tuitrain_core.optimizer", "SGDD", "did you mean 'SGD'"),
        ("tuitrain_core.autodiff", "hessian", "gradients of gradients are not computed"),
        ("tuitrain_core.data", "StreamDataset", "a data set has a length"),
        ("tuitrain_core.data.transform", "Lighting", "no transform does that"),
    ],
)
def test_an_absent_name_says_why(module, name, words):
    owner = importlib.import_module(module)
    assert not hasattr(owner, name)
    with pytest.raises(AttributeError, match=words) as caught:
        getattr(owner, name)
    assert module in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["tuitrain_core", "tuitrain_core.module", "tuitrain_core.data"])
def test_special_names_have_no_nearest_match(name):
    with pytest.raises(AttributeError, match=r"has no attribute '__wrapped__'$"):
        importlib.import_module(name).__wrapped__  # noqa: B018
