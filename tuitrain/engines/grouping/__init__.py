"""Parameter groups that commands steer, whatever the engine's parameters and optimizers are."""
