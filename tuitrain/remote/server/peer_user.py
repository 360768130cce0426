"""The user at the other end of a Unix socket."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Final

_CREDENTIALS: Final = struct.Struct("3i")
"""pid, uid and gid, as Linux gives them."""


def peer_uid(connection: socket.socket) -> int | None:
    """Return the uid of the process that has connected; None where the system does not say.

    There the mode of the sockets' folder alone keeps other users out.
    """
    if not sys.platform.startswith("linux"):
        return None
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(data)[1]
