"""The binary layout of the tables that the kernels of `step_loop` read.

The emitters of `step_loop` and the executor of recorded steps both take it from here.
"""

from __future__ import annotations

import numpy as np

CALL_ROW = np.dtype([("kernel", np.int64), ("arguments", np.int64)])
"""A row of a call table: the address of a kernel's code, and that of its int64 arguments."""

POINTER_ROW = np.dtype([("word", np.int64), ("stride", np.int64)])
"""A row of the table of `add_strides`: the address of a word, and the bytes to add to the word."""

RUN = np.dtype(
    [
        ("table", np.int64),
        ("rows", np.int64),
        ("steps", np.int64),
        ("stop_flag", np.int64),
        ("steps_taken", np.int64),
        ("rows_before_hold_point", np.int64),
        ("hold_flag", np.int64),
    ]
)
"""The arguments of `run_steps`, in order.

table : address of rows of `CALL_ROW`
rows : how many there are
steps : how often to run the table, 1 or more
stop_flag : address of a word that ends the run after the current step unless it is 0
steps_taken : address of the word that counts the steps
rows_before_hold_point : rows that run before the hold flag is read
hold_flag : address of a word that ends the run at the hold point, the step not counted, unless it
    is 0
"""
