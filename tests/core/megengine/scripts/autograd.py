"""Autograd basics: gradients of expressions, accumulation, callbacks, parts of a network."""

import numpy as np

import megengine as mge
import megengine.functional as F
from megengine import Parameter, tensor
from megengine.autodiff import GradManager

results = []
x = tensor([1.0, 2.0, 3.0])
w = Parameter([0.5, -1.0, 2.0])
gm = GradManager()
gm.attach([x, w])
with gm:
    y = (F.exp(x * 0.1) * w).sum()
    gm.backward(y)
results += [y, x.grad, w.grad]

with gm:
    y = F.log(x).mean() + (w**2).sum()
    gm.backward(y)
results += [x.grad, w.grad]

clipped = tensor([1.0, 5.0])
limited = GradManager()
limited.attach(clipped, callbacks=lambda param, grad: F.clip(grad, -1.0, 1.0))
with limited:
    limited.backward((clipped * clipped).sum())
results.append(clipped.grad)

matrix = tensor(np.arange(6, dtype="float32").reshape(2, 3))
gm = GradManager().attach(matrix)
gm.record()
z = F.softmax(matrix, axis=1)[:, 1] * tensor([1.0, 10.0])
gm.backward(z, tensor([1.0, 0.5]))
results.append(matrix.grad)
matrix.grad = None
with gm:
    part = matrix[:, 1:]
    masked = F.where(part > 2, part, F.zeros_like(part))
    total = F.concat([masked, part.detach()], axis=0).sum() + F.norm(matrix, axis=1).sum()
    gm.backward(total)
results.append(matrix.grad)

a, b = tensor(2.0), tensor(3.0)
outer, inner = GradManager().attach(a), GradManager().attach(b)
with outer:
    with inner:
        c = a * b
        inner.backward(c * c)
    d = a * 4
    outer.backward(d)
results += [a.grad, b.grad]
