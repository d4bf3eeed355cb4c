"""Operations on buckets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from starlette.responses import Response

from airflow_provider_bcs.local.error_response import ErrorResponse
from airflow_provider_bcs.local.routes import Body, Route

from . import document, errors
from .document import Element
from .listing import Page, page
from .multipart import Uploads
from .objects import Objects
from .records import STORAGE_CLASS
from .request import ObjectRequest
from .selection import ObjectRoute

_MAX_KEYS = 1000
_ACL = "x-oss-acl"
_LOCATION = "oss-local"
_STORAGE_CLASS = "Standard"


class BucketApi:
    """Handlers of the operations on buckets; every bucket is private and has StorageClass Standard."""

    def __init__(self, objects: Objects, uploads: Uploads) -> None:
        self._objects = objects
        self._uploads = uploads

    def routes(self) -> list[ObjectRoute]:
        return [
            Route("oss.ListBuckets", "GET", "/", self._list_buckets),
            Route("oss.PutBucket", "PUT", "/{Bucket}", self._put, body=Body.MEMORY),
            Route("oss.DeleteBucket", "DELETE", "/{Bucket}", self._delete),
            Route("oss.GetBucketInfo", "GET", "/{Bucket}", self._info, "bucketInfo"),
            Route("oss.GetBucketStat", "GET", "/{Bucket}", self._stat, "stat"),
            Route("oss.GetBucketLocation", "GET", "/{Bucket}", self._location, "location"),
            Route("oss.GetBucketAcl", "GET", "/{Bucket}", self._acl, "acl"),
            Route("oss.ListObjectsV2", "GET", "/{Bucket}", self._list_objects, "list-type"),
            Route("oss.ListObjects", "GET", "/{Bucket}", self._list_objects),
        ]

    def _list_buckets(self, request: ObjectRequest) -> Response:
        prefix, marker = request.query.get("prefix", ""), request.query.get("marker", "")
        names = [pair for pair in self._objects.buckets() if pair[0].startswith(prefix) and pair[0] > marker]
        size = request.number("max-keys", 100, 1, _MAX_KEYS)
        shown = names[:size]
        buckets: list[Element] = [("Bucket", self._properties(name, changed)) for name, changed in shown]
        paging: list[Element] = [
            ("Prefix", prefix),
            ("Marker", marker),
            ("MaxKeys", str(size)),
            ("IsTruncated", _flag(len(shown) < len(names))),
        ]
        if len(shown) < len(names):
            paging.append(("NextMarker", shown[-1][0]))
        return document.response("ListAllMyBucketsResult", [*paging, document.OWNER, ("Buckets", buckets)])

    def _put(self, request: ObjectRequest) -> Response:
        if request.headers.get(_ACL, "private") != "private":
            raise errors.not_implemented(f"{_ACL}: {request.headers[_ACL][:100]}; every bucket is private")
        if request.body:
            root = document.read(request.body, "CreateBucketConfiguration")
            for name, supported in (("StorageClass", _STORAGE_CLASS), ("DataRedundancyType", "LRS")):
                if (value := root.findtext(f"{{*}}{name}") or supported) != supported:
                    raise errors.not_implemented(f"buckets of the {name} {value[:100]}")
        self._objects.create_bucket(request.bucket)
        return Response()

    def _delete(self, request: ObjectRequest) -> Response:
        self._objects.delete_bucket(request.bucket)
        return Response(status_code=204)

    def _info(self, request: ObjectRequest) -> Response:
        properties = self._properties(request.bucket, self._objects.bucket_time(request.bucket))
        acl: Element = ("AccessControlList", [("Grant", "private")])
        return document.response("BucketInfo", [("Bucket", [*properties, document.OWNER, acl])])

    def _stat(self, request: ObjectRequest) -> Response:
        count, size = self._objects.usage(request.bucket)
        uploads = len(self._uploads.of_bucket(request.bucket))
        modified = self._objects.bucket_time(request.bucket)
        numbers = {
            "Storage": size,
            "ObjectCount": count,
            "MultipartUploadCount": uploads,
            "LiveChannelCount": 0,
            "LastModifiedTime": int(modified),
            "StandardStorage": size,
            "StandardObjectCount": count,
        }
        return document.response("BucketStat", [(name, str(number)) for name, number in numbers.items()])

    def _location(self, request: ObjectRequest) -> Response:
        self._objects.bucket_time(request.bucket)
        return document.response("LocationConstraint", _LOCATION)

    def _acl(self, request: ObjectRequest) -> Response:
        self._objects.bucket_time(request.bucket)
        return document.response("AccessControlPolicy", [document.OWNER, ("AccessControlList", [("Grant", "private")])])

    def _properties(self, name: str, changed: float) -> list[Element]:
        return [
            ("Name", name),
            ("CreationDate", document.time(changed)),
            ("Location", _LOCATION),
            ("Region", "local"),
            ("StorageClass", _STORAGE_CLASS),
            ("ExtranetEndpoint", ""),
            ("IntranetEndpoint", ""),
        ]

    def _list_objects(self, request: ObjectRequest) -> Response:
        query = request.query
        version = query.get("list-type", "1")
        if version not in ("1", "2"):
            raise errors.invalid_argument("list-type", version, "1 or 2")
        self._objects.bucket_time(request.bucket)
        size = request.number("max-keys", 100, 1, _MAX_KEYS)
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        encode = document.encoder(query.get("encoding-type", ""))
        name = "marker" if version == "1" else "start-after"
        # oss2 sends an empty continuation-token with the first request, beside start-after.
        token = query.get("continuation-token", "") if version == "2" else ""
        after = _position(token) if token else query.get(name, "")
        found = page(self._objects.walk(request.bucket, prefix, after), delimiter, size)
        elements: list[Element] = [
            ("Name", request.bucket),
            ("Prefix", encode(prefix)),
            ("MaxKeys", str(size)),
            ("Delimiter", encode(delimiter)),
            ("IsTruncated", _flag(bool(found.next))),
        ]
        if "encoding-type" in query:
            elements.append(("EncodingType", query["encoding-type"]))
        if version == "1":
            elements.append(("Marker", encode(after)))
            elements += [("NextMarker", encode(found.next))] if found.next else []
        else:
            elements += [("KeyCount", str(len(found.entries))), ("StartAfter", encode(query.get("start-after", "")))]
            elements += [("ContinuationToken", token)] if token else []
            elements += [("NextContinuationToken", _token(found.next))] if found.next else []
        with_owner = version == "1" or query.get("fetch-owner") == "true"
        return document.response(
            "ListBucketResult", [*elements, *self._entries(request.bucket, found, encode, with_owner)]
        )

    def _entries(self, bucket: str, found: Page, encode: Callable[[str], str], with_owner: bool) -> list[Element]:
        elements: list[Element] = []
        for key in found.entries:
            if key in found.prefixes:
                elements.append(("CommonPrefixes", [("Prefix", encode(key))]))
                continue
            try:
                stored = self._objects.find(bucket, key)
            except ErrorResponse:
                # The object was deleted meanwhile, or the file name is not a legal key.
                continue
            properties: list[Element] = [
                ("Key", encode(key)),
                ("LastModified", document.time(stored.modified)),
                ("ETag", stored.record.checksums.etag),
                ("Type", stored.record.object_type),
                ("Size", str(stored.size)),
                ("StorageClass", stored.record.headers.get(STORAGE_CLASS, _STORAGE_CLASS)),
            ]
            elements.append(("Contents", [*properties, document.OWNER] if with_owner else properties))
        return elements


def _token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _position(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise errors.invalid_argument("continuation-token", token, "a NextContinuationToken of a listing") from None


def _flag(value: bool) -> str:
    return "true" if value else "false"
