"""Checks of a request's origin and address."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

LOOPBACK_HOST: Final = "127.0.0.1"


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_same_origin(host: str, origin: str | None, served_at: str) -> bool:
    """Return whether a request comes from a page that this server sent, or from no page.

    Any page in a browser may send requests to any address. So a request to a loopback server must
    name a loopback host, or a foreign name was resolved to this address; and a page that sends a
    request must have the host that it sends it to.

    Parameters
    ----------
    host, origin : these headers of the request
    served_at : the address that the server listens on
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    names_this_server = not is_loopback(served_at) or is_loopback(name.strip("[]"))
    return names_this_server and (origin is None or origin.partition("://")[2] == host)
