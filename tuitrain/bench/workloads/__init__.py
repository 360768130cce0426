"""The workloads that every peer runs: networks as plain data, and synthetic data sets."""
