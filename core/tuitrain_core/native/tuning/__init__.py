"""The choice of register tiles by what is fast on this machine."""

from .tuner import use_fastest_tiles

__all__ = ["use_fastest_tiles"]
