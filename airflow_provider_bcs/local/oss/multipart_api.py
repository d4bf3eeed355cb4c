"""Operations on multipart uploads."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_bcs.local.routes import Body, Route

from . import document, errors
from .conditions import check_conditions, read_copied_range
from .digest import blocks, checksums_of
from .document import Element
from .multipart import MAX_PARTS, Upload, Uploads
from .object_api import COPY_SOURCE, check_digest, copy_source, forbids_overwrite, received
from .object_headers import checksum_headers, kept_headers, storage_headers
from .objects import Objects
from .received import Received
from .request import ObjectRequest
from .selection import ObjectRoute
from .upload_listing import upload_page

_MAX_LISTED = 1000


class MultipartApi:
    """Handlers of the operations on multipart uploads."""

    def __init__(self, uploads: Uploads, objects: Objects) -> None:
        self._uploads = uploads
        self._objects = objects

    def routes(self) -> list[ObjectRoute]:
        return [
            Route("oss.InitiateMultipartUpload", "POST", "/{Bucket}/{Key}", self._begin, "uploads"),
            Route("oss.UploadPartCopy", "PUT", "/{Bucket}/{Key}", self._copy_part, "uploadId", header=COPY_SOURCE),
            Route("oss.UploadPart", "PUT", "/{Bucket}/{Key}", self._put_part, "uploadId", body=Body.FILE),
            Route(
                "oss.CompleteMultipartUpload", "POST", "/{Bucket}/{Key}", self._complete, "uploadId", body=Body.MEMORY
            ),
            Route("oss.AbortMultipartUpload", "DELETE", "/{Bucket}/{Key}", self._abort, "uploadId"),
            Route("oss.ListParts", "GET", "/{Bucket}/{Key}", self._list_parts, "uploadId"),
            Route("oss.ListMultipartUploads", "GET", "/{Bucket}", self._list_uploads, "uploads"),
        ]

    def _begin(self, request: ObjectRequest) -> Response:
        upload = self._uploads.begin(request.bucket, request.key, kept_headers(request))
        return document.response("InitiateMultipartUploadResult", [*_names(request), ("UploadId", upload.id)])

    def _copy_part(self, request: ObjectRequest) -> Response:
        number = request.number("partNumber", None, 1, MAX_PARTS)
        upload = self._upload(request)
        stored, file = self._objects.open(*copy_source(request))
        with file, Received(self._objects.incoming) as content:
            check_conditions(stored, request.headers, f"{COPY_SOURCE}-")
            for data in blocks(file, *read_copied_range(request.headers, stored.size)):
                content.write(data)
            part = self._uploads.put_part(upload, number, content)
        elements: list[Element] = [("LastModified", document.time(part.modified)), ("ETag", part.etag)]
        return document.response("CopyPartResult", elements, checksum_headers(content.checksums))

    def _put_part(self, request: ObjectRequest) -> Response:
        number = request.number("partNumber", None, 1, MAX_PARTS)
        content = received(request)
        self._uploads.put_part(self._upload(request), number, content)
        return Response(headers=checksum_headers(content.checksums))

    def _complete(self, request: ObjectRequest) -> Response:
        # The ACL of the object comes with this request, unlike its other headers.
        upload = self._upload(request).with_headers(storage_headers(request))
        check_digest(request, checksums_of([request.body]))
        if request.headers.get("x-oss-complete-all", "").lower() == "yes" and not request.body:
            wanted = [(part.number, part.etag) for part in self._uploads.parts(upload)]
        else:
            wanted = _named_parts(request.body)
        if not wanted:
            raise errors.malformed_xml("found no Part; expected at least one")
        checksums = self._uploads.complete(upload, wanted, keep=forbids_overwrite(request)).record.checksums
        location = f"http://{request.headers.get('host', '')}{request.path}"
        elements: list[Element] = [("Location", location), *_names(request), ("ETag", checksums.etag)]
        return document.response("CompleteMultipartUploadResult", elements, checksum_headers(checksums))

    def _abort(self, request: ObjectRequest) -> Response:
        self._uploads.abort(self._upload(request))
        return Response(status_code=204)

    def _list_parts(self, request: ObjectRequest) -> Response:
        upload = self._upload(request)
        size, marker = (
            request.number("max-parts", _MAX_LISTED, 1, _MAX_LISTED),
            request.number("part-number-marker", 0, 0, MAX_PARTS),
        )
        parts = [part for part in self._uploads.parts(upload) if part.number > marker]
        shown = parts[:size]
        elements: list[Element] = [
            *_names(request),
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

    def _list_uploads(self, request: ObjectRequest) -> Response:
        query = request.query
        encode = document.encoder(query.get("encoding-type", ""))
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        size = request.number("max-uploads", _MAX_LISTED, 1, _MAX_LISTED)
        after = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
        found = upload_page(self._uploads.of_bucket(request.bucket), prefix, delimiter, after, size)
        elements: list[Element] = [("EncodingType", "url")] if query.get("encoding-type") else []
        elements += [
            ("Bucket", request.bucket),
            ("KeyMarker", encode(after[0])),
            ("UploadIdMarker", after[1]),
            ("NextKeyMarker", encode(found.next[0])),
            ("NextUploadIdMarker", found.next[1]),
            ("Delimiter", encode(delimiter)),
            ("Prefix", encode(prefix)),
            ("MaxUploads", str(size)),
            ("IsTruncated", "true" if found.next[0] else "false"),
        ]
        for upload in found.uploads:
            properties = (encode(upload.key), upload.id, upload.storage_class, document.time(upload.started))
            names = ("Key", "UploadId", "StorageClass", "Initiated")
            elements.append(("Upload", zip(names, properties, strict=True)))
        elements += [("CommonPrefixes", [("Prefix", encode(common))]) for common in found.prefixes]
        return document.response("ListMultipartUploadsResult", elements)

    def _upload(self, request: ObjectRequest) -> Upload:
        return self._uploads.find(request.bucket, request.key, request.query["uploadId"])


def _named_parts(body: bytes) -> list[tuple[int, str]]:
    """Return PartNumber and ETag of each part in a CompleteMultipartUpload document."""
    found = []
    for part in document.read(body, "CompleteMultipartUpload").iterfind("{*}Part"):
        number = part.findtext("{*}PartNumber") or ""
        if not (number.isascii() and number.isdigit() and len(number) <= len(str(MAX_PARTS))):
            raise errors.malformed_xml(f"PartNumber: found {number!r}; expected an integer from 1 to {MAX_PARTS}")
        found.append((int(number), part.findtext("{*}ETag") or ""))
    return found


def _names(request: ObjectRequest) -> list[Element]:
    """Return the elements Bucket and Key of a response."""
    encoding = request.query.get("encoding-type", "")
    found: list[Element] = [("EncodingType", encoding)] if encoding else []
    return [*found, ("Bucket", request.bucket), ("Key", document.encoder(encoding)(request.key))]
