"""Multipart uploads; parts are files until the upload is completed or aborted."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from airflow_provider_bcs.local.error_response import ErrorResponse

from . import errors
from .digest import Checksums, blocks
from .objects import Objects, StoredObject
from .received import Received
from .records import OBJECT_TYPE, STORAGE_CLASS

#: Minimum size of each part except the last one, in bytes.
MIN_PART = 100 * 1024
MAX_PARTS = 10_000


@dataclass(frozen=True)
class Part:
    """Uploaded part.

    :ivar modified: time of the upload, seconds since the epoch
    :ivar md5: MD5 in hexadecimal
    """

    number: int
    size: int
    modified: float
    md5: str

    @property
    def etag(self) -> str:
        return Checksums(self.md5, 0).etag


@dataclass(frozen=True)
class Upload:
    """Multipart upload that is neither completed nor aborted.

    :ivar headers: headers that the completed object is stored with
    :ivar started: time of InitiateMultipartUpload, seconds since the epoch
    """

    id: str
    bucket: str
    key: str
    headers: Mapping[str, str]
    started: float

    def with_headers(self, headers: Mapping[str, str]) -> Upload:
        """Return the upload with more headers."""
        return replace(self, headers={**self.headers, **headers})

    @property
    def storage_class(self) -> str:
        return self.headers.get(STORAGE_CLASS, "Standard")


class Uploads:
    """Uploads in ``DIR/uploads``: one directory per upload, with ``upload.json`` and one file per part."""

    def __init__(self, data_dir: Path, objects: Objects) -> None:
        self._folder = data_dir / "uploads"
        self._objects = objects
        # Held while a new part replaces the previous one with the same number.
        self._lock = threading.Lock()

    def begin(self, bucket: str, key: str, headers: Mapping[str, str]) -> Upload:
        self._objects.check_name(bucket, key)
        upload = Upload(uuid.uuid4().hex.upper(), bucket, key, headers, time.time())
        folder = self._folder / upload.id
        folder.mkdir(parents=True)
        (folder / "upload.json").write_text(json.dumps(asdict(upload)))
        return upload

    def find(self, bucket: str, key: str, upload_id: str) -> Upload:
        """Return the upload of this object.

        :raises ErrorResponse: NoSuchUpload, NoSuchBucket
        """
        self._objects.bucket_time(bucket)
        upload = self._read(upload_id) if re.fullmatch(r"[0-9A-F]{32}", upload_id) else None
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise errors.no_such_upload(upload_id)
        return upload

    def of_bucket(self, bucket: str) -> list[Upload]:
        """Return the uploads of a bucket, ordered by key and UploadId."""
        self._objects.bucket_time(bucket)
        names = [path.name for path in self._folder.iterdir()] if self._folder.is_dir() else []
        found = [upload for name in names if (upload := self._read(name)) and upload.bucket == bucket]
        return sorted(found, key=lambda upload: (upload.key, upload.id))

    def put_part(self, upload: Upload, number: int, content: Received) -> Part:
        part = Part(number, content.size, time.time(), content.checksums.md5)
        try:
            with self._lock:
                # The file name holds the part's MD5: content and checksum change in one step.
                content.move(self._path(upload, part))
                for path in (self._folder / upload.id).glob(f"{number}.*.part"):
                    if path != self._path(upload, part):
                        path.unlink()
        except FileNotFoundError:
            raise errors.no_such_upload(upload.id) from None
        return part

    def parts(self, upload: Upload) -> list[Part]:
        """Return the parts, ordered by part number."""
        found = (_part(path) for path in (self._folder / upload.id).glob("*.part"))
        return sorted((part for part in found if part), key=lambda part: part.number)

    def complete(self, upload: Upload, wanted: Sequence[tuple[int, str]], *, keep: bool) -> StoredObject:
        """Store the parts as one object.

        :param wanted: PartNumber and ETag of each part
        :param keep: refuse to replace an existing object
        :raises ErrorResponse: InvalidPart, InvalidPartOrder, EntityTooSmall
        """
        parts = self._wanted_parts(upload, wanted)
        with Received(self._objects.incoming) as content:
            for data in self._content(upload, parts):
                content.write(data)
            headers = {**upload.headers, OBJECT_TYPE: "Multipart"}
            stored = self._objects.put(upload.bucket, upload.key, content, headers, keep=keep)
        self.abort(upload)
        return stored

    def abort(self, upload: Upload) -> None:
        # A part that arrived meanwhile would keep the directory.
        with self._lock:
            shutil.rmtree(self._folder / upload.id, ignore_errors=True)

    def _wanted_parts(self, upload: Upload, wanted: Sequence[tuple[int, str]]) -> list[Part]:
        there = {part.number: part for part in self.parts(upload)}
        numbers = [number for number, _ in wanted]
        if numbers != sorted(set(numbers)):
            raise ErrorResponse(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
        for number, etag in wanted:
            if number not in there or there[number].md5 != etag.strip().strip('"').lower():
                raise errors.invalid_part(number, etag)
        parts = [there[number] for number in numbers]
        for part in parts[:-1]:
            if part.size < MIN_PART:
                raise errors.part_too_small(part.number, part.size, MIN_PART)
        return parts

    def _content(self, upload: Upload, parts: Sequence[Part]) -> Iterator[bytes]:
        for part in parts:
            try:
                with open(self._path(upload, part), "rb") as file:
                    yield from blocks(file, 0, part.size)
            except FileNotFoundError:
                raise errors.no_such_upload(upload.id) from None

    def _path(self, upload: Upload, part: Part) -> Path:
        return self._folder / upload.id / f"{part.number}.{part.md5}.part"

    def _read(self, upload_id: str) -> Upload | None:
        try:
            return Upload(**json.loads((self._folder / upload_id / "upload.json").read_text()))
        except (OSError, ValueError):
            return None


def _part(path: Path) -> Part | None:
    number, md5, _ = path.name.split(".")
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return Part(int(number), status.st_size, status.st_mtime, md5)
