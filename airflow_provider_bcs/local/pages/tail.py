"""Last lines of a file that may be growing."""

from __future__ import annotations

import os
import stat

from airflow_provider_bcs.oss.excerpt import read_excerpt
from airflow_provider_bcs.pages.model import LOG_LINES, Log


def tail(name: str, path: str, where: str) -> Log:
    """Return the last lines of a file; a file that cannot be read is no error.

    :param name: heading of the log
    :param path: the file
    :param where: address of the log for the reader
    """
    try:
        # A program can put anything in this place: neither follow a link nor wait for the writer of a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return Log(name, (), "nothing yet")
    except OSError as error:
        return Log(name, (), f"not readable: {error.strerror}")
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Log(name, (), "not readable: it is no file")
        size = status.st_size
        found = read_excerpt(lambda start, end: (os.pread(descriptor, end - start, start), size), 0, LOG_LINES)
    finally:
        os.close(descriptor)
    return Log(name, found.last, where if found.last else "empty")
