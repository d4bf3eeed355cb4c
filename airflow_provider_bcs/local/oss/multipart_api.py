"""Operations on multipart uploads."""

from __future__ import annotations

from starlette.responses import Response

from . import document, errors
from .call import Call
from .digest import checksums_of
from .document import Element
from .multipart import MAX_PARTS, Upload, Uploads
from .object_api import check_digest, forbids_overwrite, kept_headers, received
from .operations import Body, Operation

_MAX_LISTED = 1000


class MultipartApi:
    """Handlers of the operations on multipart uploads."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    def operations(self) -> list[Operation]:
        return [
            Operation("InitiateMultipartUpload", "POST", "object", self._begin, "uploads"),
            Operation("UploadPartCopy", "PUT", "object", self._copy_part, "uploadId", header="x-oss-copy-source"),
            Operation("UploadPart", "PUT", "object", self._put_part, "uploadId", body=Body.CONTENT),
            Operation("CompleteMultipartUpload", "POST", "object", self._complete, "uploadId", body=Body.DOCUMENT),
            Operation("AbortMultipartUpload", "DELETE", "object", self._abort, "uploadId"),
            Operation("ListParts", "GET", "object", self._list_parts, "uploadId"),
            Operation("ListMultipartUploads", "GET", "bucket", self._list_uploads, "uploads"),
        ]

    def _begin(self, call: Call) -> Response:
        upload = self._uploads.begin(call.bucket, call.key, kept_headers(call))
        return document.response("InitiateMultipartUploadResult", [*_names(call), ("UploadId", upload.id)])

    def _copy_part(self, call: Call) -> Response:
        raise errors.not_implemented("UploadPartCopy")

    def _put_part(self, call: Call) -> Response:
        number = call.number("partNumber", 0, 1, MAX_PARTS)
        content = received(call)
        self._uploads.put_part(self._upload(call), number, content)
        checksums = content.checksums
        return Response(headers={"ETag": checksums.etag, "x-oss-hash-crc64ecma": str(checksums.crc64)})

    def _complete(self, call: Call) -> Response:
        upload = self._upload(call)
        check_digest(call, checksums_of([call.body]))
        if call.headers.get("x-oss-complete-all", "").lower() == "yes" and not call.body:
            wanted = [(part.number, part.etag) for part in self._uploads.parts(upload)]
        else:
            wanted = _named_parts(call.body)
        if not wanted:
            raise errors.malformed_xml("found no Part; expected at least one")
        checksums = self._uploads.complete(upload, wanted, keep=forbids_overwrite(call)).record.checksums
        elements: list[Element] = [*_names(call), ("ETag", checksums.etag)]
        response = document.response("CompleteMultipartUploadResult", elements)
        response.headers["x-oss-hash-crc64ecma"] = str(checksums.crc64)
        return response

    def _abort(self, call: Call) -> Response:
        self._uploads.abort(self._upload(call))
        return Response(status_code=204)

    def _list_parts(self, call: Call) -> Response:
        upload = self._upload(call)
        size, marker = (
            call.number("max-parts", _MAX_LISTED, 1, _MAX_LISTED),
            call.number("part-number-marker", 0, 0, MAX_PARTS),
        )
        parts = [part for part in self._uploads.parts(upload) if part.number > marker]
        shown = parts[:size]
        elements: list[Element] = [
            *_names(call),
            ("UploadId", upload.id),
            ("PartNumberMarker", str(marker)),
            ("NextPartNumberMarker", str(shown[-1].number if shown else marker)),
            ("MaxParts", str(size)),
            ("IsTruncated", "true" if len(shown) < len(parts) else "false"),
        ]
        for part in shown:
            modified = document.time(part.modified)
            properties = (str(part.number), modified, part.etag, str(part.size))
            names = ("PartNumber", "LastModified", "ETag", "Size")
            elements.append(("Part", zip(names, properties, strict=True)))
        return document.response("ListPartsResult", elements)

    def _list_uploads(self, call: Call) -> Response:
        encode = document.encoder(call.query.get("encoding-type", ""))
        prefix = call.query.get("prefix", "")
        elements: list[Element] = [("Bucket", call.bucket), ("Prefix", encode(prefix)), ("IsTruncated", "false")]
        if "encoding-type" in call.query:
            elements.append(("EncodingType", "url"))
        for upload in self._uploads.of_bucket(call.bucket):
            if upload.key.startswith(prefix):
                started = document.time(upload.started)
                elements.append(
                    ("Upload", [("Key", encode(upload.key)), ("UploadId", upload.id), ("Initiated", started)])
                )
        return document.response("ListMultipartUploadsResult", elements)

    def _upload(self, call: Call) -> Upload:
        return self._uploads.find(call.bucket, call.key, call.query["uploadId"])


def _named_parts(body: bytes) -> list[tuple[int, str]]:
    """Return PartNumber and ETag of each part in a CompleteMultipartUpload document."""
    found = []
    for part in document.read(body, "CompleteMultipartUpload").iterfind("{*}Part"):
        number = part.findtext("{*}PartNumber") or ""
        if not (number.isascii() and number.isdigit() and len(number) <= len(str(MAX_PARTS))):
            raise errors.malformed_xml(f"PartNumber: found {number!r}; expected an integer from 1 to {MAX_PARTS}")
        found.append((int(number), part.findtext("{*}ETag") or ""))
    return found


def _names(call: Call) -> list[Element]:
    """Return the elements Bucket and Key of a response."""
    encoding = call.query.get("encoding-type", "")
    found: list[Element] = [("EncodingType", encoding)] if encoding else []
    return [*found, ("Bucket", call.bucket), ("Key", document.encoder(encoding)(call.key))]
