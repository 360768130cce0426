"""Compile, keep and run kernels; the kernels around a recorded step: its loop, batch and checks."""
