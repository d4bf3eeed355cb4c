"""Environment variables of a program; it inherits none from the service."""

from __future__ import annotations

HOME = "/root"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/sbin:/usr/sbin:/bin:/usr/bin"


def basic_environment(workdir: str, search_path: str) -> dict[str, str]:
    """Return the variables of every program.

    :param search_path: first directory of ``PATH``
    """
    return {
        "USER": "root",
        "HOME": HOME,
        "PWD": workdir,
        # The documented PATH lacks /usr/local and this Python. They are added so that "python" works.
        "PATH": f"{search_path}:{_SYSTEM_PATH}",
    }
