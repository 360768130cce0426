import megengine.optimizer as optim
from megengine.autodiff import GradManager

le_net = LeNet()
param_list = []
for (name, param) in le_net.named_parameters():
    if 'conv' in name:
        param_list.append(param)

optimizer = optim.SGD(
    param_list,
    lr=0.05,
)

gm = GradManager().attach(param_list)

learning_rate = 0.05
total_epochs = 1
for epoch in range(total_epochs):
    for param_group in optimizer.param_groups:
        param_group["lr"] = learning_rate * (1 - float(epoch) / total_epochs)

    total_loss = 0
    for step, (batch_data, batch_label) in enumerate(dataloader):
        batch_data = tensor(batch_data)
        batch_label = tensor(batch_label)
        _, loss = train_func(batch_data, batch_label, le_net, gm)
        optimizer.step()
        total_loss += loss.numpy().item()
        if step == len(dataloader) - 1:
            # Before they are cleared: afterwards every gradient is None.
            for (name, param) in le_net.named_parameters():
                if param.grad is None:
                    print(name, param.grad)
                else:
                    print(name, param.grad.sum())
        optimizer.clear_grad()
