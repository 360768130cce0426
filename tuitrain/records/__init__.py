"""The record of a run on disk: its format, writing, reading, cutting and repetition."""
