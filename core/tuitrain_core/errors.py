"""The errors of the core, under one base class: a caller catches any mistake of a user as one."""


class CoreError(ValueError):
    """A mistake in what was asked of the core: a shape, a name, a hyper-parameter, a data file."""


class ShapeError(CoreError):
    """Arrays whose shapes do not fit together."""


class StateError(CoreError):
    """A state dictionary that does not fit the module or optimizer it was given to."""


class DataError(CoreError):
    """A data file that cannot be read, or does not hold what it should."""
