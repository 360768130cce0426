"""Training and evaluation functions under jit.trace."""

import numpy as np

import megengine as mge
import megengine.functional as F
import megengine.module as M
from megengine.autodiff import GradManager
from megengine.jit import trace
from megengine.optimizer import SGD

rng = np.random.RandomState(9)
net = M.Sequential(M.Linear(4, 16), M.ReLU(), M.Linear(16, 3))
for param in net.parameters():
    param.set_value(rng.uniform(-0.4, 0.4, param.shape).astype("float32"))
gm = GradManager().attach(net.parameters())
opt = SGD(net.parameters(), lr=0.5)


@trace(symbolic=True)
def train_step(data, label):
    with gm:
        logits = net(data)
        loss = F.nn.cross_entropy(logits, label)
        gm.backward(loss)
    opt.step().clear_grad()
    return loss


@trace
def accuracy(data, label):
    logits = net(data)
    return (F.argmax(logits, axis=1) == label).astype("float32").mean()


x = rng.randn(30, 4).astype("float32")
y = x[:, :3].argmax(1).astype("int32")
results = []
for epoch in range(6):
    for start in range(0, 30, 10):
        data, label = mge.tensor(x[start : start + 10]), mge.tensor(y[start : start + 10])
        loss = train_step(data, label)
    results.append(loss.numpy().item())
results.append(accuracy(mge.tensor(x), mge.tensor(y)).item())
