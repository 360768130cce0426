"""What can only be measured inside of a run's process: scripts that write down what they saw."""
