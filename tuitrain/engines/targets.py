"""Targets of commands: a group's name, a glob over groups, or a glob over parameters.

A tied parameter is one parameter with several names: a glob that matches any of them names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

from tuitrain.errors import RefusedError, did_you_mean

ParameterAliases: TypeAlias = Mapping[str, tuple[str, ...]]
"""Every parameter's name, with its other names, which only tied parameters have."""


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names that a command may use.

    Attributes
    ----------
    groups, optimizers : their names
    parameters : their names, with those of tied ones
    """

    groups: Sequence[str]
    parameters: ParameterAliases
    optimizers: Sequence[str]


def match_names(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that the glob matches, in their order; it is case-sensitive."""
    return [name for name in names if fnmatchcase(name, pattern)]


def match_parameters(patterns: Iterable[str], names: ParameterAliases) -> list[str]:
    """Return the parameters that have a name matched by any of the globs, in their order."""
    every = tuple(patterns)
    return [
        name
        for name, others in names.items()
        if any(fnmatchcase(item, pattern) for item in (name, *others) for pattern in every)
    ]


def name_with_aliases(name: str, names: ParameterAliases) -> str:
    """Return a parameter's name for messages, with its other names, if it has any."""
    others = names.get(name, ())
    return f"{name} (also {', '.join(others)})" if others else name


def resolve_groups(target: str, groups: Sequence[str], parameters: ParameterAliases) -> list[str]:
    """Return the groups that the target names.

    Raises
    ------
    RefusedError : it names no group; the message says whether it names parameters instead
    """
    matches = [target] if target in groups else match_names(target, groups)
    if matches:
        return matches
    inside = match_parameters([target], parameters)
    if inside:
        tied = [name_with_aliases(name, parameters) for name in inside if parameters[name]]
        which = f": {', '.join(tied)}" if tied else ""
        raise RefusedError(
            f"{target!r} names {len(inside)} parameter{'s' if len(inside) > 1 else ''}{which}, and "
            f"no group; make it a group first: group NAME = {target}"
        )
    raise RefusedError(
        f"no group is called {target!r}{did_you_mean(target, groups)} (groups: {', '.join(groups)})"
    )


def check_parameters(target: str, groups: Sequence[str], parameters: ParameterAliases) -> None:
    """Check that a target names a group or a parameter.

    Raises
    ------
    RefusedError : it names neither
    """
    is_group = target in groups or match_names(target, groups)
    if not is_group and not match_parameters([target], parameters):
        raise unknown_target(target, groups, parameters)


def resolve_patterns(patterns: Sequence[str], parameters: ParameterAliases) -> list[str]:
    """Return the parameters that any of the globs matches, in the parameters' order.

    Raises
    ------
    RefusedError : one of the globs matches nothing
    """
    for pattern in patterns:
        if not match_parameters([pattern], parameters):
            raise RefusedError(
                f"no parameter matches {pattern!r}{parameter_hint(pattern, parameters)}"
            )
    return match_parameters(patterns, parameters)


def parameter_hint(pattern: str, parameters: ParameterAliases) -> str:
    """Return a hint at the parameter, or the layer, that a glob may have meant."""
    names = _every(parameters)
    layers = dict.fromkeys(name.rpartition(".")[0] for name in names)
    return did_you_mean(pattern.rstrip("*?."), [*names, *layers])


def unknown_target(
    target: str, groups: Sequence[str], parameters: ParameterAliases
) -> RefusedError:
    """Return the refusal of a target that names neither a group nor a parameter."""
    hint = did_you_mean(target, [*groups, *_every(parameters)])
    return RefusedError(
        f"{target!r} names no group and no parameter{hint} (groups: {', '.join(groups)})"
    )


def _every(parameters: ParameterAliases) -> list[str]:
    return [alias for name, others in parameters.items() for alias in (name, *others)]
