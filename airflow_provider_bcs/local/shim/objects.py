"""Objects as files: ``oss://bucket/key`` is ``DIR/oss/bucket/key``."""

from __future__ import annotations

import os
import re

from .failure import Failure
from .paths import below, segments

# Less strict than OSS (lower case, 3 to 63 characters): examples in the documentation use names like "b".
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


class ObjectTree:
    """Objects and NAS directories below one data directory; no URL leads outside it."""

    def __init__(self, data_dir: str) -> None:
        self._data_dir = data_dir

    def path(self, url: str) -> str:
        """Return the file of the object, or the directory of the folder, ``oss://bucket/key``.

        :raises Failure: ``InvalidPath`` when the bucket or key is not a legal file name
        """
        bucket, _, key = url.removeprefix("oss://").partition("/")
        if not url.startswith("oss://") or not _BUCKET.fullmatch(bucket):
            raise Failure("InvalidPath", f"Found {url!r}; expected oss://BUCKET/KEY with a legal bucket name.")
        return below(os.path.join(self._data_dir, "oss"), [bucket, *segments(key, url)], url)

    def nas_path(self, url: str) -> str:
        """Return ``DIR/nas/host/dir``, the directory of ``nas://host:/dir`` or ``nas://host/dir``.

        :raises Failure: ``InvalidPath`` when host or directory is not a legal file name
        """
        # Mount sources for Windows images end in "!".
        host, _, directory = url.removeprefix("nas://").removesuffix("!").partition("/")
        host = host.removesuffix(":")
        if not _HOST.fullmatch(host):
            raise Failure("InvalidPath", f"Found {url!r}; expected nas://HOST:/DIRECTORY with a legal host name.")
        return below(os.path.join(self._data_dir, "nas"), [host, *segments(directory, url)], url)

    def open(self, url: str) -> int:
        """Create or truncate an object; return a descriptor for reading and appending."""
        path = self._writable(url)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o644)

    def put(self, url: str, source: str) -> None:
        """Replace an object atomically by the content of the file ``source``."""
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
            raise Failure("InvalidPath", f"{url!r} cannot be a file: an object is in its path.") from None
        if os.path.isdir(path):
            raise Failure("InvalidPath", f"{url!r} cannot be a file: it is a directory.")
        return path
