"""Scenarios with rules and limits."""
