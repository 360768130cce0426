"""Classify sentences by the mean of their words' embeddings, with attention over positions."""

import numpy as np

import megengine as mge
import megengine.functional as F
import megengine.module as M
from megengine.autodiff import GradManager
from megengine.optimizer import Adam

logger = mge.logger.get_logger(__name__)
sentences = ["good film", "bad film", "very good plot", "very bad plot", "good plot good film"]
sentences += ["bad plot bad film", "film very good", "plot very bad"]
labels = np.array([1, 0, 1, 0, 1, 0, 1, 0], "int32")
words = {word: i + 1 for i, word in enumerate(sorted({w for s in sentences for w in s.split()}))}
tokens = np.zeros((8, 4), "int32")
for row, sentence in zip(tokens, sentences):
    for place, word in enumerate(sentence.split()):
        row[place] = words[word]


class Classifier(M.Module):
    def __init__(self, count, size):
        super().__init__()
        self.embedding = M.Embedding(count, size)
        self.score = M.Linear(size, 1)
        self.drop = M.Dropout(0.0)
        self.head = M.Linear(size, 1)

    def forward(self, inp):
        mask = F.expand_dims((inp != 0).astype("float32"), -1)
        x = self.embedding(inp)
        weights = F.softmax(self.score(x) - (1 - mask) * 1e4, axis=1)
        return F.squeeze(self.head(self.drop((x * weights * mask).sum(axis=1))), 1)


rng = np.random.RandomState(10)
net = Classifier(len(words) + 1, 6)
for param in net.parameters():
    param.set_value(rng.uniform(-0.3, 0.3, param.shape).astype("float32"))
gm = GradManager().attach(net.parameters())
opt = Adam(net.parameters(), lr=0.05)
results = []
for epoch in range(12):
    net.train()
    with gm:
        logits = net(mge.tensor(tokens))
        loss = F.loss.binary_cross_entropy(logits, mge.tensor(labels).astype("float32"))
        gm.backward(loss)
    opt.step().clear_grad()
    results.append(loss.item())
    logger.debug("epoch %d: %f", epoch, loss.item())
net.eval()
probability = F.sigmoid(net(mge.tensor(tokens)))
results.append(((probability > 0.5).astype("int32") == mge.tensor(labels)).astype("float32").mean())
top = F.topk(probability, 3)
results += [
    F.sort(top[1].astype("float32"))[0],
    F.std(probability),
    F.one_hot(mge.tensor([1, 0]), 2),
]
