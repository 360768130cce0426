"""The values of a run in the files of other tools: written live or afterwards, and read back."""
