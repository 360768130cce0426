"""Loops over arrays that Numba compiles, for operations without a fast NumPy function.

Private to the core. A kernel takes C-contiguous arrays, the outputs preallocated, and integers. It
checks nothing: the caller must. Kernels work for float32 and float64; every dtype in use is one
specialization, compiled once and kept on disk.
"""
