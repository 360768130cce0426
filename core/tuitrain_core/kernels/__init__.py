"""Compiled loops on plain arrays, for what NumPy has no fast word for.

Private. A kernel gets its output preallocated, C-contiguous arrays only, and whole numbers; it
checks nothing, so that whoever calls it has checked everything. Works for float32 and float64
alike: each dtype in use is one specialisation, compiled once and kept on disk.
"""
