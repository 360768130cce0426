# After the second of four epochs the second group holds still.
print("at first: {}".format(optimizer.param_groups[1]['params'][0]))
for epoch in range(4):
    for step, (batch_data, batch_label) in enumerate(dataloader):
        _, loss = train_func(batch_data, batch_label, le_net, gm)
        optimizer.step()
        seen_gradients(epoch)
        optimizer.clear_grad()

    print("epoch: {}, parameter: {}".format(epoch, optimizer.param_groups[1]['params'][0]))
    seen_parameters(epoch)

    if epoch == 1:
        optimizer.param_groups[1]['lr'] = 0.0
