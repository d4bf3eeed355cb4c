"""Operations on objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

from starlette.responses import Response, StreamingResponse

from airflow_provider_bcs.local.routes import Body, Route

from . import document, errors
from .conditions import check_conditions, read_range
from .digest import Checksums, blocks, checksums_of
from .document import Element
from .object_headers import (
    ACL,
    checksum_headers,
    copied_headers,
    kept_headers,
    overridden_headers,
    read_tags,
    response_headers,
)
from .objects import Objects
from .received import Received
from .request import ObjectRequest, read_path
from .selection import ObjectRoute

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_MAX_DELETED = 1000
#: Maximum size of an object that AppendObject has created, 5 GB.
_MAX_APPENDED = 5 * 1024**3
COPY_SOURCE = "x-oss-copy-source"


class ObjectApi:
    """Handlers of the operations on objects."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def routes(self) -> list[ObjectRoute]:
        return [
            Route("oss.CopyObject", "PUT", "/{Bucket}/{Key}", self._copy, header=COPY_SOURCE),
            Route("oss.PutObject", "PUT", "/{Bucket}/{Key}", self._put, body=Body.FILE),
            Route("oss.AppendObject", "POST", "/{Bucket}/{Key}", self._append, "append", body=Body.FILE),
            Route("oss.GetObject", "GET", "/{Bucket}/{Key}", self._get),
            Route("oss.HeadObject", "HEAD", "/{Bucket}/{Key}", self._head),
            Route("oss.GetObjectMeta", "HEAD", "/{Bucket}/{Key}", self._head, "objectMeta"),
            # Older clients send GET and read only the headers: Content-Length has to be the size, so a body follows.
            Route("oss.GetObjectMeta", "GET", "/{Bucket}/{Key}", self._get, "objectMeta"),
            Route("oss.GetObjectAcl", "GET", "/{Bucket}/{Key}", self._acl, "acl"),
            Route("oss.GetObjectTagging", "GET", "/{Bucket}/{Key}", self._tagging, "tagging"),
            Route("oss.DeleteObject", "DELETE", "/{Bucket}/{Key}", self._delete),
            Route("oss.DeleteMultipleObjects", "POST", "/{Bucket}", self._delete_many, "delete", body=Body.MEMORY),
        ]

    def _put(self, request: ObjectRequest) -> Response:
        headers, content = kept_headers(request), received(request)
        self._objects.put(request.bucket, request.key, content, headers, keep=forbids_overwrite(request))
        checksums = content.checksums
        return Response(headers={**checksum_headers(checksums), "Content-MD5": checksums.content_md5})

    def _append(self, request: ObjectRequest) -> Response:
        position = request.number("position", None, 0, _MAX_APPENDED)
        content = received(request)
        stored = self._objects.append(request.bucket, request.key, position, content, kept_headers(request))
        headers = {**checksum_headers(stored.record.checksums), "x-oss-next-append-position": str(stored.size)}
        return Response(headers=headers)

    def _copy(self, request: ObjectRequest) -> Response:
        source = copy_source(request)
        stored, file = self._objects.open(*source)
        with file, Received(self._objects.incoming) as content:
            check_conditions(stored, request.headers, f"{COPY_SOURCE}-")
            for data in blocks(file, 0, stored.size):
                content.write(data)
            headers = copied_headers(stored, request, is_same=source == (request.bucket, request.key))
            copied = self._objects.put(request.bucket, request.key, content, headers, keep=forbids_overwrite(request))
        elements: list[Element] = [
            ("LastModified", document.time(copied.modified)),
            ("ETag", copied.record.checksums.etag),
        ]
        return document.response("CopyObjectResult", elements, checksum_headers(copied.record.checksums))

    def _get(self, request: ObjectRequest) -> Response:
        stored, file = self._objects.open(request.bucket, request.key)
        try:
            check_conditions(stored, request.headers)
            part = read_range(request.headers, stored.size)
            begin, end = part or (0, stored.size)
            headers = {**response_headers(stored), **overridden_headers(request), "Content-Length": str(end - begin)}
            if part:
                headers["Content-Range"] = f"bytes {begin}-{end - 1}/{stored.size}"
            return _FileResponse(file, begin, end, 206 if part else 200, headers)
        except BaseException:
            file.close()
            raise

    def _head(self, request: ObjectRequest) -> Response:
        stored = self._objects.find(request.bucket, request.key)
        check_conditions(stored, request.headers)
        return Response(headers={**response_headers(stored), "Content-Length": str(stored.size)})

    def _acl(self, request: ObjectRequest) -> Response:
        record = self._objects.find(request.bucket, request.key).record
        grant: Element = ("Grant", record.headers.get(ACL, "default"))
        return document.response("AccessControlPolicy", [document.OWNER, ("AccessControlList", [grant])])

    def _tagging(self, request: ObjectRequest) -> Response:
        record = self._objects.find(request.bucket, request.key).record
        tags: list[Element] = [("Tag", [("Key", key), ("Value", value)]) for key, value in read_tags(record.headers)]
        return document.response("Tagging", [("TagSet", tags)])

    def _delete(self, request: ObjectRequest) -> Response:
        self._objects.delete(request.bucket, request.key)
        return Response(status_code=204)

    def _delete_many(self, request: ObjectRequest) -> Response:
        check_digest(request, checksums_of([request.body]))
        root = document.read(request.body, "Delete")
        keys = [element.text or "" for element in root.iterfind("{*}Object/{*}Key")]
        if not 0 < len(keys) <= _MAX_DELETED or not all(keys):
            raise errors.malformed_xml(f"found {len(keys)} keys; expected 1 to {_MAX_DELETED}, none of them empty")
        if any(element.text not in (None, "", "null") for element in root.iterfind("{*}Object/{*}VersionId")):
            raise errors.not_implemented("VersionId of an object")
        for key in keys:
            # Check every key before the first deletion: the operation deletes all objects or none.
            self._objects.check_name(request.bucket, key)
        encode = document.encoder(request.query.get("encoding-type", ""))
        deleted: list[Element] = []
        for key in keys:
            self._objects.delete(request.bucket, key)
            deleted.append(("Deleted", [("Key", encode(key))]))
        if (root.findtext("{*}Quiet") or "").strip().lower() == "true":
            return Response()
        encoding: list[Element] = [("EncodingType", "url")] if "encoding-type" in request.query else []
        return document.response("DeleteResult", [*encoding, *deleted])


def copy_source(request: ObjectRequest) -> tuple[str, str]:
    """Return the bucket and key of the object to copy.

    :raises ErrorResponse: InvalidArgument, unless the header is a path without a version
    """
    path, _, query = request.headers[COPY_SOURCE].partition("?")
    bucket, key = read_path(path)
    if not key or query:
        raise errors.invalid_argument(COPY_SOURCE, request.headers[COPY_SOURCE][:100], "/bucket/key, without a version")
    return bucket, key


def received(request: ObjectRequest) -> Received:
    """Return the received body of a request.

    :raises ErrorResponse: InvalidDigest, when Content-MD5 does not match
    """
    assert request.received is not None
    check_digest(request, request.received.checksums)
    return request.received


def check_digest(request: ObjectRequest, checksums: Checksums) -> None:
    """Compare a body with the Content-MD5 header.

    :raises ErrorResponse: InvalidDigest, when Content-MD5 does not match
    """
    expected, found = checksums.content_md5, request.headers.get("content-md5", "")
    if found not in ("", expected):
        raise errors.invalid_digest(found, expected)


def forbids_overwrite(request: ObjectRequest) -> bool:
    """Tell whether a request must not replace an object.

    :raises ErrorResponse: InvalidArgument, when the header is neither true nor false
    """
    value = request.headers.get(name := "x-oss-forbid-overwrite", "false")
    if value.lower() not in ("true", "false"):
        raise errors.invalid_argument(name, value[:100], "true or false")
    return value.lower() == "true"


class _FileResponse(StreamingResponse):
    """Response with a part of a file; it closes the file even when the client disconnects."""

    def __init__(self, file: BinaryIO, begin: int, end: int, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(blocks(file, begin, end), status, headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file:
            await super().__call__(scope, receive, send)
