"""Conditions of a run: breakpoints, which pause it, and rules, which give commands."""
