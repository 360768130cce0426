total_epochs = 10
learning_rate = 0.05
for epoch in range(total_epochs):
    # Once an epoch, for every group.
    for param_group in optimizer.param_groups:
        param_group["lr"] = learning_rate * (1 - float(epoch) / total_epochs)
    seen_rates(epoch)
