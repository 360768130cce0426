"""Modules of one's own: parameters, buffers, hooks, lists of layers, a gated unit."""

import numpy as np

import megengine as mge
import megengine.functional as F
import megengine.module as M
from megengine import Parameter, Tensor
from megengine.autodiff import GradManager
from megengine.module import init
from megengine.optimizer import SGD


class Gate(M.Module):
    def __init__(self, features, name=None):
        super().__init__(name=name)
        self.weight = Parameter(np.zeros((features, features), dtype="float32"))
        self.scale = Parameter(np.ones((1,), dtype="float32"))
        self.calls = Tensor(np.zeros((1,), dtype="float32"))
        init.fill_(self.weight, 0.1)

    def forward(self, x):
        self.calls += 1
        gate = F.sigmoid(F.matmul(x, self.weight, transpose_b=True))
        return x * gate * self.scale


class Net(M.Module):
    def __init__(self):
        super().__init__()
        self.blocks = [Gate(4, name="gate%d" % i) for i in range(3)]
        self.norm = M.LayerNorm(4)
        self.head = M.Linear(4, 2)

    def forward(self, x):
        for block in self.blocks:
            x = block(x) + F.maximum(x, 0)
        return self.head(self.norm(x))


net = Net()
init.fill_(net.head.weight, 0.3)
net.head.weight[0] = -0.2
shapes = []
handle = net.norm.register_forward_hook(lambda module, inp, out: shapes.append(out.shape))
rng = np.random.RandomState(7)
x = mge.tensor(rng.randn(10, 4).astype("float32"))
y = mge.tensor(rng.randint(0, 2, (10,)).astype("int32"))
gm = GradManager().attach(net.parameters())
opt = SGD(net.parameters(), lr=0.3)
results = []
for _ in range(5):
    with gm:
        loss = F.nn.cross_entropy(net(x), y)
        gm.backward(loss)
    opt.step().clear_grad()
    results.append(loss.item())
handle.remove()
net(x)
results += [len(shapes), list(shapes[0]), net.blocks[1].calls, net.blocks[2].name]
results += [[name for name, _ in net.named_parameters()]]
results += [[name for name, _ in net.named_buffers()]]
results.append(sum(p.size for p in net.parameters()))
