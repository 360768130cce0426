"""The project's benchmark: tuitrain beside what else there is, in one run, on one machine.

Owns the measuring only. Every contender works in a process of its own and is asked in turns, so
that a machine that slows down slows all of them down.
"""
