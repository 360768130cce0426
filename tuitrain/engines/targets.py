"""What a command's target means: a group's name, a glob over groups, a glob over parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from tuitrain.errors import RefusedError, listed, nearest


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that the glob matches, in their order; case counts."""
    return [name for name in names if fnmatchcase(name, pattern)]


def matching_any(patterns: Sequence[str], names: Iterable[str]) -> list[str]:
    """Return the names that any of the globs matches, in their order."""
    return [name for name in names if any(fnmatchcase(name, each) for each in patterns)]


def groups_named(target: str, groups: Sequence[str], parameters: Sequence[str]) -> list[str]:
    """Return the groups that the target names.

    Raises
    ------
    RefusedError : it names none; says so when it names parameters instead
    """
    found = [target] if target in groups else matching(target, groups)
    if found:
        return found
    inside = matching(target, parameters)
    if inside:
        raise RefusedError(
            f"{target!r} names {len(inside)} parameter{'s' if len(inside) > 1 else ''}, and no "
            f"group; make it a group first: group NAME = {target}"
        )
    raise RefusedError(
        f"no group is called {target!r}{nearest(target, groups)} (groups: {listed(groups)})"
    )


def patterns_matched(patterns: Sequence[str], parameters: Sequence[str]) -> list[str]:
    """Return the parameters that any of the globs matches, in the parameters' order.

    Raises
    ------
    RefusedError : one of the globs matches nothing
    """
    for pattern in patterns:
        if not matching(pattern, parameters):
            raise RefusedError(
                f"no parameter matches {pattern!r}{near_parameter(pattern, parameters)}"
            )
    return matching_any(patterns, parameters)


def near_parameter(pattern: str, parameters: Iterable[str]) -> str:
    """Return the hint at the parameter, or at the layer, that a glob may have meant."""
    names = list(parameters)
    layers = dict.fromkeys(name.rpartition(".")[0] for name in names)
    return nearest(pattern.rstrip("*?."), [*names, *layers])


def nothing_named(target: str, groups: Sequence[str], parameters: Sequence[str]) -> RefusedError:
    """Return the refusal of a target that names neither a group nor a parameter."""
    hint = nearest(target, [*groups, *parameters])
    return RefusedError(
        f"{target!r} names no group and no parameter{hint} (groups: {listed(groups)})"
    )
