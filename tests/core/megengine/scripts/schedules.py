"""Several groups with their own settings, several optimizers, a warmup by hand, a scheduler."""

import numpy as np

import megengine as mge
import megengine.functional as F
import megengine.module as M
import megengine.optimizer as optim
from megengine.autodiff import GradManager

rng = np.random.RandomState(4)
data = mge.tensor(rng.randn(32, 6).astype("float32"))
target = mge.tensor(rng.randn(32, 1).astype("float32"))


def build():
    net = M.Sequential(M.Linear(6, 8), M.SiLU(), M.Linear(8, 1))
    weights = np.random.RandomState(5)
    for param in net.parameters():
        param.set_value(weights.uniform(-0.4, 0.4, param.shape).astype("float32"))
    return net


def run(make, steps=6):
    net = build()
    gm = GradManager().attach(net.parameters())
    optimizer = make(net)
    losses = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = group["base_lr"] * min(1.0, (step + 1) / 3)
        with gm:
            loss = F.nn.l1_loss(net(data), target)
            gm.backward(loss)
        optim.clip_grad_value(net.parameters(), lower=-0.5, upper=0.5)
        optimizer.step()
        optimizer.clear_grad()
        losses.append(loss.item())
    return losses


def groups(net, lr):
    decayed = [p for n, p in net.named_parameters() if "weight" in n]
    plain = [p for n, p in net.named_parameters() if "bias" in n]
    return [
        {"params": decayed, "weight_decay": 0.05, "base_lr": lr, "name": "weights"},
        {"params": plain, "weight_decay": 0.0, "base_lr": 2 * lr, "name": "biases"},
    ]


results = []
results += run(lambda net: optim.SGD(groups(net, 0.1), lr=0.1, momentum=0.9, nesterov=True))
results += run(lambda net: optim.Adam(groups(net, 0.01), lr=0.01))
results += run(lambda net: optim.AdamW(groups(net, 0.01), lr=0.01, weight_decay=0.1))
results += run(lambda net: optim.Adagrad(groups(net, 0.05), lr=0.05))
results += run(lambda net: optim.Adadelta(groups(net, 1.0), lr=1.0))

net = build()
optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
scheduler = optim.MultiStepLR(optimizer, milestones=[1, 3], gamma=0.3)
for epoch in range(5):
    results.append(optimizer.param_groups[0]["lr"])
    scheduler.step()
state = optim.SGD(net.parameters(), lr=0.25, momentum=0.9).state_dict()
other = optim.SGD(net.parameters(), lr=1.0, momentum=0.9)
other.load_state_dict(state)
results.append(other.param_groups[0]["lr"])
