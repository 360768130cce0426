"""Files of another user and failing disks, whichever user runs the tests."""

import errno
import os
import sys

ERRORS = ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EIO", "EFBIG", "EMFILE")
CALLS = ("mkdir", "open", "write", "replace")


def give_away(path, monkeypatch):
    """Make a file or folder belong to another user.

    Only root can change owners. For any other user, this process takes another user id instead.
    """
    if os.geteuid() == 0:
        os.chown(path, 12345, -1, follow_symlinks=False)
    else:
        other = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: other)


def fail(call, name, monkeypatch):
    """Make a system call that writes fail with an error."""
    error = OSError(getattr(errno, name), os.strerror(getattr(errno, name)))
    open_, fdopen = os.open, os.fdopen

    def failing(*_, **__):
        raise error

    def opening(path, flags, *args, **kwargs):
        if flags & os.O_CREAT:
            raise error
        return open_(path, flags, *args, **kwargs)

    class Full:
        def __init__(self, file):
            self._file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

        def write(self, content):
            self._file.write(content[:10])
            self._file.flush()
            raise error

    def full(descriptor, mode="r", *args, **kwargs):
        file = fdopen(descriptor, mode, *args, **kwargs)
        return Full(file) if "w" in mode else file

    if call == "open":
        monkeypatch.setattr(os, "open", opening)
    elif call == "write":
        monkeypatch.setattr(os, "fdopen", full)
    else:
        monkeypatch.setattr(os, call, failing)


def with_path(*folders):
    """Return an environment with this process's module path, and the given folders first."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([*map(str, folders), *sys.path])}
