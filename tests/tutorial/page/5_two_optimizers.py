import megengine.optimizer as optim
from megengine.optimizer import MultipleOptimizer

optimizer = MultipleOptimizer(
    optim.SGD(conv_param_list, lr=0.05), optim.Adam(fc_param_list, lr=0.01)
)

for step, (batch_data, batch_label) in enumerate(dataloader):
    _, loss = train_func(batch_data, batch_label, le_net, gm)
    optimizer.step()
    optimizer.clear_grad()
seen_parameters("two optimizers")
