import megengine.optimizer as optim

# The convolutions' parameters on one side, all others on the other.
conv_param_list = []
fc_param_list = []
for (name, param) in le_net.named_parameters():
    if 'conv' in name:
        conv_param_list.append(param)
    else:
        fc_param_list.append(param)

# A group without an lr takes the optimizer's.
optimizer = optim.SGD(
    [
        {'params': conv_param_list},
        {'params': fc_param_list, 'lr': 0.01},
    ],
    lr=0.05,
)

print(len(optimizer.param_groups[0]['params']), optimizer.param_groups[0]['lr'])
print(len(optimizer.param_groups[1]['params']), optimizer.param_groups[1]['lr'])
