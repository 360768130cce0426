"""Train on pictures from a loader: a seeded sampler, transforms, a test set in order."""

import numpy as np

import megengine as mge
import megengine.functional as F
import megengine.module as M
import megengine.optimizer as optim
from megengine.autodiff import GradManager
from megengine.data import DataLoader, RandomSampler, SequentialSampler
from megengine.data.dataset import ArrayDataset
from megengine.data.transform import Compose, Normalize, Pad, RandomHorizontalFlip, ToMode

rng = np.random.RandomState(4)
images = rng.randint(0, 100, (70, 12, 12, 1)).astype("uint8")
labels = rng.randint(0, 2, 70).astype("int32")
images[labels == 1, ::2] += 100
train = ArrayDataset(images[:50], labels[:50])
test = ArrayDataset(images[50:], labels[50:])
transform = Compose([RandomHorizontalFlip(1.0), Pad(2), Normalize(mean=64, std=50), ToMode("CHW")])
loader = DataLoader(
    train, RandomSampler(train, batch_size=16, seed=7), transform=transform, num_workers=0
)
test_loader = DataLoader(test, SequentialSampler(test, batch_size=8), transform)

net = M.Sequential(M.Conv2d(1, 4, 3, 2), M.ReLU())
head = M.Linear(4 * 7 * 7, 2)
params = [*net.parameters(), *head.parameters()]
for param in params:
    scale = 0.05 if param.ndim == 1 or param.shape[0] == 1 else 0.1
    param.set_value((rng.randn(*param.shape) * scale).astype("float32"))
gm = GradManager().attach(params)
optimizer = optim.SGD(params, lr=0.05, momentum=0.9)


def forward(data):
    return head(F.flatten(net(mge.tensor(data)), 1))


results = []
for epoch in range(3):
    for data, label in loader:
        with gm:
            loss = F.nn.cross_entropy(forward(data), mge.tensor(label))
            gm.backward(loss)
            optimizer.step().clear_grad()
        results.append(float(loss))
right = 0
for data, label in test_loader:
    right += int((F.argmax(forward(data), axis=1).numpy() == label).sum())
results.append(right / len(test))
