import megengine.optimizer as optim

# One learning rate for everything.
optimizer = optim.SGD(
    le_net.parameters(),
    lr=0.05,
)

# What there is to optimize.
for (name, param) in le_net.named_parameters():
    print(name, param.shape)
