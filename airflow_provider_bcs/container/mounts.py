"""Folders of object storage and of NAS that a container has as directories."""

from __future__ import annotations

from typing import NamedTuple

from .findings import Findings
from .local_paths import BASE, is_at_or_below

_OBJECTS = f"{BASE}/oss"


class Mount(NamedTuple):
    """One directory of a container.

    :ivar url: ``oss://bucket/folder/`` or ``nas://host/folder/``, with ``/`` at its end. A URL whose bucket comes from
        a template stands as the job has it
    :ivar path: the directory, without ``/`` at its end
    :ivar writable: whether what is written changes the objects or files
    """

    url: str
    path: str
    writable: bool


class Mounts:
    """Collector of the mounts of one task."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.found: list[Mount] = []

    def folder(self, url: str, *, writable: bool) -> str:
        """Mount a folder for the script, each once; return its path."""
        url = self._normal(url)
        for mount in self.found:
            if (mount.url, mount.writable) == (url, writable) and is_at_or_below(mount.path, _OBJECTS):
                return mount.path
        path = f"{_OBJECTS}/{len(self.found)}"
        self.found.append(Mount(url, path, writable))
        return path

    def object(self, url: str, *, writable: bool) -> str:
        """Mount the folder that an object lies in; return the path of the object."""
        if self._is_unknown(url):
            return self.folder(url, writable=writable)
        parent, _, name = url.rstrip("/").rpartition("/")
        return f"{self.folder(f'{parent}/', writable=writable)}/{name}"

    @property
    def objects(self) -> dict[str, str]:
        """Directory -> URL, of the folders that are mounted for the script."""
        return {mount.path: mount.url for mount in self.found if is_at_or_below(mount.path, _OBJECTS)}

    def mount(self, url: str, path: str, *, writable: bool) -> None:
        """Mount a folder for the program."""
        self.found.append(Mount(self._normal(url), path, writable))

    def is_at(self, path: str, url: str) -> bool:
        """Tell whether a writable mount of the program has the objects of ``url`` at ``path`` anyway.

        A template may be rendered to the same place.
        """
        path, url = path.rstrip("/"), url.rstrip("/")
        return any(
            mount.writable
            and is_at_or_below(path, mount.path)
            and (
                f"{mount.url}{path[len(mount.path) :].lstrip('/')}".rstrip("/") == url
                or any(map(self._findings.pending, (mount.url, url)))
            )
            for mount in self.found
        )

    def _is_unknown(self, url: str) -> bool:
        """Tell whether even the bucket is known only after rendering."""
        return "://" not in url and self._findings.pending(url)

    def _normal(self, url: str) -> str:
        if self._is_unknown(url):
            return url
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        path = _folder(path)
        if scheme == "nas":
            # Clients write the path of a mount target behind a ":", and for Windows a "!" at its end.
            host, path = host.removesuffix(":"), _folder(path.removesuffix("!/"))
        return f"{scheme}://{host}/{path}"


def _folder(path: str) -> str:
    return path if not path or path.endswith("/") else f"{path}/"
