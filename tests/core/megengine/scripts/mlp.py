"""Classify two spirals with a small network of modules."""

import numpy as np

import megengine as mge
import megengine.functional as F
import megengine.module as M
from megengine.autodiff import GradManager
from megengine.optimizer import SGD

rng = np.random.RandomState(1)
angle = np.linspace(0.5, 6, 60)
points = [np.stack([s * angle * np.cos(angle), s * angle * np.sin(angle)], 1) / 6 for s in (1, -1)]
data = np.concatenate(points).astype("float32")
label = np.array([0] * 60 + [1] * 60, "int32")


class Net(M.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = M.Linear(2, 32)
        self.fc2 = M.Linear(32, 32)
        self.fc3 = M.Linear(32, 2)
        self.act = M.LeakyReLU(0.1)

    def forward(self, x):
        x = self.act(self.fc1(x))
        x = F.tanh(self.fc2(x))
        return self.fc3(x)


net = Net()
for name, param in net.named_parameters():
    param.set_value(rng.uniform(-0.5, 0.5, param.shape).astype("float32"))
optimizer = SGD(net.parameters(), lr=0.2, momentum=0.9, weight_decay=1e-4)
gm = GradManager().attach(net.parameters())
results = []
for epoch in range(8):
    order = rng.permutation(120)
    total, correct = 0.0, 0
    for start in range(0, 120, 40):
        index = order[start : start + 40]
        batch, target = mge.tensor(data[index]), mge.tensor(label[index])
        with gm:
            logits = net(batch)
            loss = F.nn.cross_entropy(logits, target)
            gm.backward(loss)
        optimizer.step().clear_grad()
        total += loss.item() * len(index)
        correct += (F.argmax(logits, axis=1) == target).sum().item()
    results.append(total / 120)
results.append(correct)
