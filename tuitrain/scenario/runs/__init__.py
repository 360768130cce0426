"""Runs that were: what their folders hold, listed and shown again. Nothing is trained here."""
