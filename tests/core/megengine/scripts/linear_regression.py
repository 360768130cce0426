"""Fit a line by gradient descent, with the gradient applied by hand."""

import numpy as np

import megengine as mge
import megengine.functional as F
from megengine.autodiff import GradManager

rng = np.random.RandomState(0)
features = rng.uniform(-1, 1, (100, 1)).astype("float32")
targets = 3 * features + 2 + 0.1 * rng.randn(100, 1).astype("float32")

x, y = mge.tensor(features), mge.tensor(targets)
w, b = mge.Parameter([[0.0]]), mge.Parameter(0.0)
gm = GradManager().attach([w, b])
lr = 0.2
results = []
for _ in range(30):
    with gm:
        pred = F.matmul(x, w) + b
        loss = F.nn.square_loss(pred, y)
        gm.backward(loss)
    w -= lr * w.grad
    b -= lr * b.grad
    w.grad = None
    b.grad = None
    results.append(loss.item())
results += [w.item(), float(b.numpy())]
