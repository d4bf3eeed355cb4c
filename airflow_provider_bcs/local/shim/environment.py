"""The environment variables of a program; nothing of the service's own environment is in it."""

from __future__ import annotations

HOME = "/root"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/sbin:/usr/sbin:/bin:/usr/bin"


def basic_environment(workdir: str, search_path: str) -> dict[str, str]:
    """Return what every program gets.

    :param search_path: the directory in which commands are looked up first
    """
    return {
        "USER": "root",
        "HOME": HOME,
        "PWD": workdir,
        # The documented PATH has no /usr/local and no Python of ours: an addition, so that "python" works.
        "PATH": f"{search_path}:{_SYSTEM_PATH}",
    }
