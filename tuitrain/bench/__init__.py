"""The project's benchmark: tuitrain beside other libraries, in one run on one machine.

Every peer works in its own process. Peers are measured in turns, so that a machine that slows down
slows all of them down.
"""
