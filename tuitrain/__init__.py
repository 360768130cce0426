"""tuitrain: the flight deck for training.

Watch a neural network learn, parameter group by parameter group, and steer it while it runs.
"""

__version__ = "0.1.0"
