"""Runs in a process of their own, without a screen: how one is started, and what it does."""
