"""Scenarios: a written run, with its commands and expectations."""
