"""Upload of a task's outputs (OutputMapping and LogMapping) to the object store."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .copies import Originals, is_unchanged
from .failure import Failure
from .layout import Layout
from .objects import ObjectTree
from .paths import below, is_at_or_below, local_path


class Output(NamedTuple):
    """Local path of an output and the URL of its object; a URL that ends in ``/`` is a folder."""

    path: str
    url: str


def outputs_of(task: dict[str, Any], label: str) -> list[Output]:
    """Return all outputs of a task.

    :param label: ``{JobId}.{TaskName}.{InstanceId}``, the suffix of log objects
    :raises Failure: ``InvalidPath``
    """
    found = [Output(local_path(path), url) for path, url in task["OutputMapping"].items() if url]
    for text, folder in task["LogMapping"].items():
        if folder:
            path = local_path(text)
            found.append(Output(path, f"{folder}{os.path.basename(path)}.{label}"))
    return found


class Outputs:
    """Upload of outputs from a layout after the program has ended.

    :param originals: change times of copied inputs; an unmodified copy is not uploaded
    :param note: reports an output that is not uploaded, one line each
    """

    def __init__(self, layout: Layout, objects: ObjectTree, originals: Originals, note: Callable[[str], None]) -> None:
        self._layout = layout
        self._objects = objects
        self._originals = originals
        self._note = note

    def reserve(self, output: Output) -> None:
        """Check the URL of an output and create its directory before the program runs.

        Programs usually create an output folder themselves; it exists already in case they do not.

        :raises Failure: ``InvalidPath``
        """
        self._objects.path(output.url)
        if output.url.endswith("/"):
            self._layout.add_directory(output.path)
        else:
            self._layout.add_file(output.path)

    def upload(self, output: Output) -> None:
        """Upload one output; a missing output is reported but is not a failure.

        :raises Failure: ``OutputFailed``
        """
        place = self._layout.at(output.path)
        try:
            # The program may have replaced a parent directory by a symbolic link.
            below(self._layout.root, output.path[1:].split("/")[:-1], output.path)
        except Failure as failure:
            self._note(f"{failure.message} Nothing was uploaded to {output.url}.")
            return
        try:
            if output.url.endswith("/"):
                self._upload_folder(output, place)
            else:
                self._upload_file(output.path, place, output.url)
        except (Failure, OSError) as error:
            raise Failure("OutputFailed", f"{output.path} cannot be written to {output.url}: {error}") from None

    def _upload_folder(self, output: Output, place: str) -> None:
        if os.path.islink(place) or not os.path.isdir(place):
            self._note(f"{output.path} is not a directory: nothing was uploaded to {output.url}.")
            return
        for name in _files(place):
            self._upload_file(os.path.join(output.path, name), os.path.join(place, name), output.url + name, place)

    def _upload_file(self, path: str, place: str, url: str, folder: str = "") -> None:
        source = self._source(place, folder)
        if source is None:
            self._note(f"{path} is not a file of the output: it was not uploaded to {url}.")
        elif not _is_unicode(url):
            self._note(f"{path!r} is not a UTF-8 name: it was not uploaded.")
        elif not is_unchanged(source, self._originals):
            self._objects.put(url, source)

    def _source(self, place: str, folder: str) -> str | None:
        """Return the regular file to upload; a symbolic link must lead to a file in its output folder."""
        if os.path.islink(place):
            target = os.readlink(place)
            if target.startswith("/"):
                target = self._layout.at(os.path.normpath(target))
            place = os.path.realpath(os.path.join(os.path.dirname(place), target))
            if not folder or not is_at_or_below(place, os.path.realpath(folder)):
                return None
        try:
            return place if stat.S_ISREG(os.lstat(place).st_mode) else None
        except OSError:
            return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _files(directory: str, prefix: str = "") -> Iterator[str]:
    """Yield the relative paths of all entries below ``directory``, except directories."""
    for entry in sorted(os.scandir(os.path.join(directory, prefix)), key=lambda item: item.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(directory, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name
