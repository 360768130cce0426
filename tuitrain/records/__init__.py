"""The record of a run on disk: its format, writing, reading, cutting, and what it repeats."""
