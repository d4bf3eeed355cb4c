"""The objects of the service as plain files: ``oss://bucket/key`` is ``DIR/oss/bucket/key``."""

from __future__ import annotations

import os
import re

from .failure import Failure
from .paths import below, segments

# Wider than the object store's own rule (lower case, 3 to 63 characters): examples use names like "b".
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


class ObjectTree:
    """Objects and NAS directories below one data directory; nothing outside can be named."""

    def __init__(self, data_dir: str) -> None:
        self._data_dir = data_dir

    def path(self, url: str) -> str:
        """Return the file of an object, or the directory of a folder, that ``oss://bucket/key`` names.

        :raises Failure: ``InvalidPath`` when the bucket or key cannot be a file name here
        """
        bucket, _, key = url.removeprefix("oss://").partition("/")
        if not url.startswith("oss://") or not _BUCKET.fullmatch(bucket):
            raise Failure("InvalidPath", f"{url!r} has no legal bucket name.")
        return below(os.path.join(self._data_dir, "oss"), [bucket, *segments(key, url)], url)

    def nas_path(self, url: str) -> str:
        """Return the directory of ``nas://host:/dir`` or ``nas://host/dir``, ``DIR/nas/host/dir``.

        :raises Failure: ``InvalidPath`` when host or directory cannot be file names here
        """
        # A "!" at the end is what Windows needs.
        host, _, directory = url.removeprefix("nas://").removesuffix("!").partition("/")
        host = host.removesuffix(":")
        if not _HOST.fullmatch(host):
            raise Failure("InvalidPath", f"{url!r} has no legal host name.")
        return below(os.path.join(self._data_dir, "nas"), [host, *segments(directory, url)], url)

    def open(self, url: str) -> int:
        """Create or empty an object; return a descriptor that appends to it and can read."""
        path = self._writable(url)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o644)

    def put(self, url: str, source: str) -> None:
        """Write the content of the file ``source`` as an object, which changes as a whole or not at all."""
        import shutil

        path = self._writable(url)
        upload = os.path.join(self._data_dir, "tmp", f"upload-{os.getpid()}")
        os.makedirs(os.path.dirname(upload), exist_ok=True)
        shutil.copyfile(source, upload, follow_symlinks=False)
        os.replace(upload, path)

    def _writable(self, url: str) -> str:
        path = self.path(url)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise Failure("InvalidPath", f"{url!r} lies below an object; here objects are files.") from None
        if os.path.isdir(path):
            raise Failure("InvalidPath", f"{url!r} is a folder; here it cannot be an object too.")
        return path
