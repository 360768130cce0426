"""Tests of breakpoints, rules and limits."""
