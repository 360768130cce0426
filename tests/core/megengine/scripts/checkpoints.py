"""Save a training in the middle, load it into new objects, and continue with the same losses."""

import os
import tempfile

import numpy as np

import megengine as mge
import megengine.functional as F
import megengine.module as M
import megengine.optimizer as optim
from megengine.autodiff import GradManager

rng = np.random.RandomState(6)
data = rng.randn(20, 5).astype("float32")
label = (data.sum(1) > 0).astype("int32")


def build():
    net = M.Sequential(M.Linear(5, 8, bias=False), M.BatchNorm1d(8), M.ReLU(), M.Linear(8, 2))
    return net, optim.Adam(net.parameters(), lr=0.05)


def train(net, opt, steps):
    gm = GradManager().attach(net.parameters())
    losses = []
    for _ in range(steps):
        with gm:
            loss = F.nn.cross_entropy(net(mge.tensor(data)), mge.tensor(label))
            gm.backward(loss)
        opt.step().clear_grad()
        losses.append(loss.item())
    return losses


net, opt = build()
for name, param in net.named_parameters():
    if name.startswith(("0", "3")):
        param.set_value(rng.uniform(-0.5, 0.5, param.shape).astype("float32"))
results = train(net, opt, 5)
path = os.path.join(tempfile.mkdtemp(), "checkpoint.pkl")
mge.save({"epoch": 5, "state_dict": net.state_dict(), "opt_state": opt.state_dict()}, path)
results += train(net, opt, 3)

net, opt = build()
checkpoint = mge.load(path)
net.load_state_dict(checkpoint["state_dict"])
opt.load_state_dict(checkpoint["opt_state"])
results += train(net, opt, 3)
results.append(checkpoint["epoch"])
net.eval()
results.append(net(mge.tensor(data[:2])))
