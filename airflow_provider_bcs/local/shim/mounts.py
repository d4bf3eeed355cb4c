"""Placement of a job's DataSources and CodeSource at their mount paths."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .copies import copy_folder, make_executable
from .failure import Failure
from .layout import Layout
from .objects import ObjectTree
from .paths import is_at_or_below, local_path

_CODE_PATH = "/root/code"


class Mounts:
    """Placement of data and code in a layout.

    :param copies: copy read-only data sources, because bind mounts are not available
    :param note: reports a difference from PAI-DLC, one line each
    :ivar paths: mount paths in normal form
    :ivar binds: bind mounts to make: real directory, mount path, writable
    :ivar elsewhere: real directories of mount paths that are not in the layout
    """

    def __init__(self, layout: Layout, objects: ObjectTree, note: Callable[[str], None], *, copies: bool) -> None:
        self._layout = layout
        self._objects = objects
        self._note = note
        self._copies = copies
        self.paths: list[str] = []
        self.binds: list[tuple[str, str, bool]] = []
        self.elsewhere: dict[str, str] = {}

    def place(self, job: dict[str, Any]) -> None:
        """Place the DataSources and the CodeSource of the CreateJob body ``job``.

        :raises Failure: ``InvalidPath`` when a mount path is not legal, or is inside another one
        """
        for source in job.get("DataSources") or ():
            self._place_data(source)
        code = job.get("CodeSource")
        if code:
            path = self._reserve(code.get("MountPath") or _CODE_PATH)
            self._layout.add_directory(path)
            self._note(
                f"The local service does not download CodeSource {code.get('CodeSourceId') or ''}: {path} is empty."
            )

    def _place_data(self, item: dict[str, Any]) -> None:
        uri, name = item.get("Uri") or "", item.get("DataSourceId") or ""
        if not item.get("MountPath"):
            self._note(f"DataSource {uri or name} has no MountPath: it is not mounted.")
            return
        path = self._reserve(item["MountPath"])
        directory = self._directory(uri)
        writable = item.get("MountAccess") != "RO"
        if directory is None:
            # Assumption: a DataSourceId, or a storage other than OSS and NAS, becomes an empty directory.
            private = self._layout.add_directory(path)
            self._note(f"The local service has no DataSource {uri or name}: {path} is an empty private directory.")
            if not writable and not self._copies:
                self.binds.append((private, path, False))
            return
        if not writable and not os.path.exists(directory):
            self._note(f"{uri} does not exist: {path} is empty.")
        try:
            os.makedirs(directory, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise Failure("InvalidPath", f"Uri {uri}: found the object {directory}; expected a directory.") from None
        self._mount(directory, path, writable=writable)

    def _mount(self, directory: str, path: str, *, writable: bool) -> None:
        if not self._copies:
            if not writable:
                # copy_folder, the alternative, also makes files executable.
                make_executable(directory)
            self._layout.add_directory(path)
            self.binds.append((directory, path, writable))
        elif writable:
            self.elsewhere[path] = directory
        else:
            # Without a read-only mount, a copy protects the data source from the program's writes (assumption).
            copy_folder(directory, self._layout.add_directory(path), {})

    def _directory(self, uri: str) -> str | None:
        """Return the local directory of a Uri; None for other schemes than ``oss`` and ``nas``."""
        scheme, _, rest = uri.partition("://")
        if scheme == "oss":
            # The host contains the endpoint: oss://bucket.endpoint/path/.
            host, _, path = rest.partition("/")
            return self._objects.path(f"oss://{host.partition('.')[0]}/{path}")
        return self._objects.nas_path(uri) if scheme == "nas" else None

    def _reserve(self, text: str) -> str:
        path = local_path(text)
        for other in [*self.paths, self._layout.workdir]:
            if is_at_or_below(path, other) or is_at_or_below(other, path):
                raise Failure(
                    "InvalidPath",
                    f"MountPath {path}: found the mount {other}; expected mounts that do not contain each other.",
                )
        self.paths.append(path)
        return path
