"""Train a backbone, then a new head on it; keep an average of the weights; accumulate gradients."""

import numpy as np

import megengine as mge
import megengine.functional as F
import megengine.module as M
import megengine.optimizer as optim
from megengine.autodiff import GradManager

rng = np.random.RandomState(8)
data = rng.randn(32, 3, 8, 8).astype("float32")
old_label = rng.randint(0, 6, 32).astype("int32")
new_label = (data.mean((1, 2, 3)) > 0).astype("int32")


class Net(M.Module):
    def __init__(self, classes):
        super().__init__()
        self.features = M.Sequential(
            M.Conv2d(3, 8, 3, padding=1), M.BatchNorm2d(8), M.ReLU(), M.MaxPool2d(2)
        )
        self.classifier = M.Linear(8 * 16, classes)

    def forward(self, x):
        return self.classifier(F.flatten(self.features(x), 1))


def fill(module):
    for param in module.parameters():
        if param.ndim > 1 and param.shape[0] > 1:
            param.set_value((rng.randn(*param.shape) * 0.1).astype("float32"))


results = []
net = Net(6)
fill(net)
gm = GradManager().attach(net.parameters())
opt = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for _ in range(3):
    with gm:
        loss = F.nn.cross_entropy(net(mge.tensor(data)), mge.tensor(old_label))
        gm.backward(loss)
    opt.step().clear_grad()
    results.append(loss.item())

state = net.state_dict()
new = Net(2)
fill(new.classifier)
kept = {name: value for name, value in state.items() if not name.startswith("classifier")}
new.load_state_dict(kept, strict=False)
frozen = new.features[0].weight.numpy()
new.features.eval()
gm = GradManager().attach(new.classifier.parameters())
opt = optim.Adam(new.classifier.parameters(), lr=0.01)
ema = {name: mge.tensor(param) for name, param in new.named_parameters()}
for step in range(6):
    for start in (0, 16):
        batch = mge.tensor(data[start : start + 16])
        target = mge.tensor(new_label[start : start + 16])
        with gm:
            loss = F.nn.cross_entropy(new(batch), target) / 2
            gm.backward(loss)
    norm = optim.clip_grad_norm(new.classifier.parameters(), max_norm=2.0)
    opt.step().clear_grad()
    for name, param in new.named_parameters():
        ema[name] = ema[name] * 0.8 + param.detach() * 0.2
    results += [loss.item(), float(norm)]
results.append(bool((new.features[0].weight.numpy() == frozen).all()))
results.append(ema["classifier.bias"])

average = {name: value.numpy() for name, value in ema.items()}
new.load_state_dict({**new.state_dict(), **average})
new.eval()
pred = F.argmax(new(mge.tensor(data)), axis=1)
results.append(float((pred == mge.tensor(new_label)).astype("float32").mean()))
