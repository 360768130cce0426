"""Descriptions of data, for the command `tuitrain data`."""
