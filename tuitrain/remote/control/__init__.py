"""Runs for programs: one command or one question, and its answer as JSON or text."""
