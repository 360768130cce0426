"""Dialogs, most of which make one command."""
