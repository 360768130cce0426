"""Train residual blocks with batch normalization; then finetune with frozen statistics."""

import numpy as np

import megengine as mge
import megengine.functional as F
import megengine.module as M
from megengine.autodiff import GradManager
from megengine.optimizer import SGD, MultiStepLR


class Block(M.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = M.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = M.BatchNorm2d(channels)
        self.conv2 = M.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = M.BatchNorm2d(channels)
        if stride != 1 or channels_in != channels:
            self.shortcut = M.Sequential(
                M.Conv2d(channels_in, channels, 1, stride=stride, bias=False),
                M.BatchNorm2d(channels),
            )
        else:
            self.shortcut = M.Identity()

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


class ResNet(M.Module):
    def __init__(self):
        super().__init__()
        self.stem = M.Conv2d(3, 8, 3, padding=1)
        self.layers = M.Sequential(Block(8, 8, 1), Block(8, 16, 2))
        self.pool = M.AdaptiveAvgPool2d(1)
        self.fc = M.Linear(16, 5)

    def forward(self, x):
        x = self.layers(self.stem(x))
        return self.fc(F.flatten(self.pool(x), 1))


rng = np.random.RandomState(3)
net = ResNet()
for name, param in net.named_parameters():
    if "bn" not in name and param.ndim > 1 and param.shape[0] != 1:
        std = (2.0 / np.prod(param.shape[1:])) ** 0.5
        param.set_value((rng.randn(*param.shape) * std).astype("float32"))
images = rng.randn(24, 3, 12, 12).astype("float32")
labels = rng.randint(0, 5, 24).astype("int32")
images += labels.reshape(-1, 1, 1, 1) * 0.5

gm = GradManager().attach(net.parameters())
optimizer = SGD(net.parameters(), lr=0.05, momentum=0.9)
scheduler = MultiStepLR(optimizer, milestones=[2, 3])
results = []


def train_epoch():
    for start in range(0, 24, 8):
        with gm:
            logits = net(mge.tensor(images[start : start + 8]))
            loss = F.nn.cross_entropy(
                logits, mge.tensor(labels[start : start + 8]), label_smooth=0.1
            )
            gm.backward(loss)
        optimizer.step().clear_grad()
        results.append(loss.item())


net.train()
for epoch in range(3):
    train_epoch()
    scheduler.step()
for module in net.modules():
    if isinstance(module, M.BatchNorm2d):
        module.freeze = True
before = net.layers[0].bn1.running_mean.numpy()
train_epoch()
results.append(float(abs(net.layers[0].bn1.running_mean.numpy() - before).max()))
net.eval()
results.append(float(F.nn.cross_entropy(net(mge.tensor(images)), mge.tensor(labels))))
