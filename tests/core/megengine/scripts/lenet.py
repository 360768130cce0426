"""Train LeNet on pictures of strokes, and measure its accuracy in evaluation mode."""

import numpy as np

import megengine as mge
import megengine.functional as F
import megengine.module as M
import megengine.optimizer as optim
from megengine.autodiff import GradManager


class LeNet(M.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = M.Conv2d(1, 6, 5)
        self.relu1 = M.ReLU()
        self.pool1 = M.MaxPool2d(2, 2)
        self.conv2 = M.Conv2d(6, 16, 5)
        self.relu2 = M.ReLU()
        self.pool2 = M.MaxPool2d(2, 2)
        self.fc1 = M.Linear(16 * 5 * 5, 120)
        self.fc2 = M.Linear(120, 84)
        self.classifier = M.Linear(84, 4)

    def forward(self, x):
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool2(self.relu2(self.conv2(x)))
        x = F.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.classifier(x)


rng = np.random.RandomState(2)
images = rng.uniform(0, 0.3, (64, 1, 32, 32)).astype("float32")
labels = rng.randint(0, 4, 64).astype("int32")
for image, kind in zip(images, labels):
    place = rng.randint(8, 24)
    if kind % 2:
        image[0, place : place + 2] += 0.7
    else:
        image[0, :, place : place + 2] += 0.7
    if kind > 1:
        image[0, 4:8, 4:8] = 1

net = LeNet()
net.train()
for param in net.parameters():
    scale = (
        0.05 if param.ndim == 1 or param.shape[0] == 1 else (2 / np.prod(param.shape[1:])) ** 0.5
    )
    param.set_value((rng.randn(*param.shape) * scale).astype("float32"))
gm = GradManager().attach(net.parameters())
optimizer = optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
results = []
for epoch in range(3):
    for start in range(0, 64, 16):
        data = mge.tensor(images[start : start + 16])
        label = mge.tensor(labels[start : start + 16])
        with gm:
            logits = net(data)
            loss = F.loss.cross_entropy(logits, label)
            gm.backward(loss)
            optimizer.step().clear_grad()
        results.append(float(loss))
net.eval()
accuracy = F.topk_accuracy(net(mge.tensor(images)), mge.tensor(labels), topk=(1, 2))
results += [value.item() for value in accuracy]
