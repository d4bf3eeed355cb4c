"""Bring the DataSources and the CodeSource of a job to their mount paths."""

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
    """Places data and code in a layout.

    :param copies: whether nothing can be bound, so that what is read-only has to be a copy
    :param note: takes a line that tells what is not as in the service
    :ivar paths: the mount paths in normal form
    :ivar binds: what is to be bound: real directory, mount path, whether it is writable
    :ivar elsewhere: mount paths that are not in the layout, and where they are
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
        """Place everything that the CreateJob body ``job`` mounts.

        :raises Failure: ``InvalidPath`` for a path that cannot be used, or one inside another
        """
        for source in job.get("DataSources") or ():
            self._place_data(source)
        code = job.get("CodeSource")
        if code:
            path = self._reserve(code.get("MountPath") or _CODE_PATH)
            self._layout.add_directory(path)
            self._note(f"Code source {code.get('CodeSourceId') or ''} is not downloaded here: {path} is empty.")

    def _place_data(self, item: dict[str, Any]) -> None:
        uri, name = item.get("Uri") or "", item.get("DataSourceId") or ""
        if not item.get("MountPath"):
            self._note(f"Data source {uri or name} has no MountPath: it is not mounted here.")
            return
        path = self._reserve(item["MountPath"])
        directory = self._directory(uri)
        if directory is None:
            # What stands behind an id, or in another kind of storage, is not known here (assumption).
            self._layout.add_directory(path)
            self._note(f"Data source {uri or name} is not available here: {path} is an empty private directory.")
            return
        writable = item.get("MountAccess") != "RO"
        if not writable and not os.path.exists(directory):
            self._note(f"{uri} does not exist: {path} is empty.")
        try:
            os.makedirs(directory, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise Failure("InvalidPath", f"{uri} is no directory; there is an object {directory}.") from None
        self._mount(directory, path, writable=writable)

    def _mount(self, directory: str, path: str, *, writable: bool) -> None:
        if not self._copies:
            if not writable:
                # A copy is, too.
                make_executable(directory)
            self._layout.add_directory(path)
            self.binds.append((directory, path, writable))
        elif writable:
            self.elsewhere[path] = directory
        else:
            # Nothing else keeps a program from writing to it (assumption).
            copy_folder(directory, self._layout.add_directory(path), {})

    def _directory(self, uri: str) -> str | None:
        """Return the directory that stands for a Uri, None when there is none here."""
        scheme, _, rest = uri.partition("://")
        if scheme == "oss":
            # The endpoint is part of the host: oss://bucket.endpoint/path/.
            host, _, path = rest.partition("/")
            return self._objects.path(f"oss://{host.partition('.')[0]}/{path}")
        return self._objects.nas_path(uri) if scheme == "nas" else None

    def _reserve(self, text: str) -> str:
        path = local_path(text)
        for other in [*self.paths, self._layout.workdir]:
            if is_at_or_below(path, other) or is_at_or_below(other, path):
                raise Failure("InvalidPath", f"{path} and {other} are both mounted, one inside the other.")
        self.paths.append(path)
        return path
