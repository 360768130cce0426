"""A training loop that repeats a run of tuitrain.

It computes the same bits: on the same type of machine, with the same versions, it prints the
digest of the run's end.

Name: flight.
"""

import math

from tuitrain_core import data, digest, models, optimizer, random, schedule, tensor, threads
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import Recording

threads.limit_blas_threads()  # the bits depend on how many there are
train, test = data.mnist_mini()
loader = data.DataLoader(train, batch_size=64, seed=0)
random.seed(0)  # of the initial weights, and of dropout
net = models.LeNet()

# One optimizer for each group of parameters.
opt = {
    "conv": optimizer.SGD(net.select("conv*"), lr=0.02, momentum=0.9),
    "fc": optimizer.SGD(net.select("classifier.*", "fc1.*", "fc2.*"), lr=0.01, momentum=0.9),
}
schedules = {}  # of the groups whose lr is not a constant
max_norm = math.inf  # gradients are clipped to it
gm = GradManager().attach(net.parameters())  # what is not attached is frozen
recording = Recording(net, loader)  # of the step: traced once, then native


def step(images, labels):
    """Train on one batch, and return its loss."""
    loss = recording.take(images, labels, gm)
    optimizer.clip_grad_norm(net.parameters(), max_norm)
    recording.update(opt.values())
    return loss


def accuracy():
    """Return the share of the test images that are recognised."""
    net.eval()
    batches = data.DataLoader(test, batch_size=500, shuffle=False)
    right = sum((net(tensor(x)).numpy().argmax(axis=1) == y).sum() for x, y in batches)
    net.train()
    return right / len(test)


now = 0  # steps taken
for epoch in range(1):
    total = 0.0
    for images, labels in loader:
        if now == 10:
            # step 10: schedule * cosine to 0 over 150 steps warmup=10
            for name in list(opt):
                schedules[name] = schedule.WarmUp(
                    schedule.Cosine(opt[name].lr, 0.0, now, duration=150), now, duration=10
                )
        if now == 30:
            # step 30: freeze conv
            gm.detach(opt["conv"].parameters())
            # step 30: clip norm 1
            max_norm = 1.0
        if now == 50:
            # step 50: optimizer fc adam lr=0.001 state=carry ramp=10
            opt["fc"] = optimizer.transfer_optimizer(
                opt["fc"], optimizer.Adam(opt["fc"].parameters(), lr=0.001)
            )
            schedules["fc"] = schedule.WarmUp(schedule.Constant(opt["fc"].lr), now, duration=10)
        if now == 70:
            # step 70: thaw conv reset
            gm.attach(opt["conv"].parameters())
            opt["conv"].reset_state()
            # step 70: group head = classifier.*
            opt["head"] = optimizer.transfer_optimizer(
                opt["fc"], opt["fc"].clone_for(net.select("classifier.*"))
            )
            schedules["head"] = schedules["fc"]
            opt["fc"].remove(opt["head"].parameters())
            # step 70: lr head x0.5
            schedules["head"] = schedules["head"].scaled(0.5)
            # step 70: lr conv 0.005
            del schedules["conv"]
            opt["conv"].lr = 0.005
        if now == 90:
            # step 90: decay head over 1 epochs
            schedules["head"] = schedule.LinearDecay(
                schedules["head"].lr(now), now, duration=1, unit_steps=len(loader)
            )
        for name, planned in schedules.items():
            opt[name].lr = planned.lr(now)
        loss = step(images, labels)
        total += loss * len(labels)
        now += 1
    print(f"epoch {epoch}: loss {total / len(loader.dataset):.4f}, test accuracy {accuracy():.4f}")

print(digest.compute_digest(net, opt.values()))
