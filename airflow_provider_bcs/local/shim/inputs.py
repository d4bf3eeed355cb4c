"""Placement of a task's inputs (InputMapping and Mounts) at their local paths."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from .copies import Originals, copy_file, copy_folder, has_links, make_executable
from .failure import Failure
from .layout import Layout
from .objects import ObjectTree
from .paths import is_at_or_below, local_path


class Input(NamedTuple):
    """Entry of InputMapping or Mounts.

    :ivar source: ``oss://...`` or ``nas://...``
    :ivar destination: local path in normal form
    :ivar writable: WriteSupport of the task or of the mount entry
    """

    source: str
    destination: str
    writable: bool


def inputs_of(task: dict[str, Any]) -> list[Input]:
    """Return all inputs of a task, ordered by destination: a directory precedes inputs inside it.

    :raises Failure: ``InvalidPath`` when two inputs have the same destination
    """
    entries = [
        (source, destination, task.get("WriteSupport"))
        for source, destination in task["InputMapping"].items()
        if destination
    ]
    entries += [
        (entry.get("Source") or "", entry.get("Destination") or "", entry.get("WriteSupport"))
        for entry in (task.get("Mounts") or {}).get("Entries") or ()
    ]
    found: dict[str, Input] = {}
    for source, destination, writable in entries:
        path = local_path(destination)
        if path in found:
            raise Failure("InvalidPath", f"{source} and {found[path].source} are both mapped to {path}.")
        found[path] = Input(source, path, bool(writable))
    return sorted(found.values(), key=lambda item: item.destination)


class Inputs:
    """Placement of inputs in a layout.

    :param taken: all mapped local paths; an input that contains another mapped path is copied
    :param copies: copy all inputs, because bind mounts are not available
    :ivar binds: bind mounts to make: real path, local path, writable
    :ivar elsewhere: real paths of local paths that are not in the layout
    :ivar originals: change times of the copied files
    """

    def __init__(self, layout: Layout, objects: ObjectTree, taken: list[str], *, copies: bool) -> None:
        self._layout = layout
        self._objects = objects
        self._taken = taken
        self._copies = copies
        self.binds: list[tuple[str, str, bool]] = []
        self.elsewhere: dict[str, str] = {}
        self.originals: Originals = {}

    def place(self, item: Input) -> None:
        """Place one input at its destination.

        :raises Failure: ``InputNotFound``, ``UnsupportedMount`` or ``InvalidPath``
        """
        if item.source.startswith("nas://"):
            self._place_nas(item)
        elif not item.source.startswith("oss://"):
            raise Failure("UnsupportedMount", f"Source: found {item.source!r}; expected oss:// or nas://.")
        else:
            source = self._objects.path(item.source)
            # The documentation of Mounts has an example with a folder that does not end in '/'.
            is_folder = item.source.endswith("/") or os.path.isdir(source)
            (self._place_folder if is_folder else self._place_object)(item, source)

    def _is_copied(self, item: Input) -> bool:
        return self._copies or item.writable or self._surrounds_another(item)

    def _surrounds_another(self, item: Input) -> bool:
        return sum(is_at_or_below(path, item.destination) for path in self._taken) > 1

    def _place_folder(self, item: Input, source: str) -> None:
        if os.path.isfile(source):
            raise Failure(
                "InputNotFound", f"{item.source}: found an object; expected a folder, because the path ends in '/'."
            )
        target = self._layout.add_directory(item.destination)
        # A prefix without objects becomes an empty directory.
        is_there = os.path.isdir(source)
        if is_there and (self._is_copied(item) or has_links(source)):
            copy_folder(source, target, self.originals)
        elif is_there:
            make_executable(source)
            target = source
        if not self._is_copied(item):
            self.binds.append((target, item.destination, False))

    def _place_object(self, item: Input, source: str) -> None:
        if not os.path.isfile(source):
            raise Failure("InputNotFound", f"{item.source} does not exist; there is no file {source}.")
        target = self._layout.add_file(item.destination)
        if self._is_copied(item):
            copy_file(source, target, self.originals)
            return
        with open(target, "w"):
            pass
        # The placeholder below the mount must not be uploaded as an output.
        self.originals[target] = os.lstat(target).st_ctime_ns
        make_executable(source)
        self.binds.append((source, item.destination, False))

    def _place_nas(self, item: Input) -> None:
        source = self._objects.nas_path(item.source)
        if self._surrounds_another(item):
            raise Failure(
                "InvalidPath", f"NAS mount {item.destination}: found another mapped path at or below it; expected none."
            )
        if item.writable:
            os.makedirs(source, exist_ok=True)
        elif not os.path.isdir(source):
            raise Failure("InputNotFound", f"{item.source} does not exist.")
        target = self._layout.add_directory(item.destination)
        if not self._copies:
            self.binds.append((source, item.destination, item.writable))
        elif item.writable:
            self.elsewhere[item.destination] = source
        else:
            copy_folder(source, target, self.originals)
