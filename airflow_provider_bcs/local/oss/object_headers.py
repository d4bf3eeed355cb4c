"""Headers that OSS stores with an object, and headers of responses with an object."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from urllib.parse import parse_qsl

from airflow_provider_bcs.local.error_response import ErrorResponse

from . import errors
from .digest import Checksums
from .objects import StoredObject
from .records import OBJECT_TYPE, STORAGE_CLASS
from .request import ObjectRequest

ACL = "x-oss-object-acl"
_TAGGING = "x-oss-tagging"
_ENCRYPTION = "x-oss-server-side-encryption"

#: Headers that describe the content.
_CONTENT = ("content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires")
_META = "x-oss-meta-"
#: Headers that describe how the object is stored, which CopyObject takes from its request only.
_STORAGE = (ACL, STORAGE_CLASS, _ENCRYPTION, "x-oss-server-side-data-encryption", f"{_ENCRYPTION}-key-id")
#: Stored headers that GetObject does not return.
_HIDDEN = (ACL, _TAGGING)

_ACLS = ("default", "private", "public-read", "public-read-write")
_STORAGE_CLASSES = ("Standard", "IA")
_ARCHIVES = ("Archive", "ColdArchive", "DeepColdArchive")
_ALGORITHMS = ("AES256", "KMS", "SM4")
_MAX_TAGS, _MAX_TAG_KEY, _MAX_TAG_VALUE = 10, 128, 256


def checksum_headers(checksums: Checksums) -> dict[str, str]:
    return {"ETag": checksums.etag, "x-oss-hash-crc64ecma": str(checksums.crc64)}


def kept_headers(request: ObjectRequest) -> dict[str, str]:
    """Return the request headers that OSS stores with an object.

    :raises ErrorResponse: when a value is not legal, or is one that the local service could not honour
    """
    return {**_content_headers(request.headers), **_tagging(request.headers), **storage_headers(request)}


def copied_headers(source: StoredObject, request: ObjectRequest, *, is_same: bool) -> dict[str, str]:
    """Return the headers to store with a copy, from its source and from the request.

    :param is_same: the object is copied to itself; like OSS, this replaces its metadata with any directive
    :raises ErrorResponse: as in :func:`kept_headers`
    """
    replaces_metadata = _replaces(request, "x-oss-metadata-directive") or is_same
    content = request.headers if replaces_metadata else source.record.headers
    tagging = request.headers if _replaces(request, "x-oss-tagging-directive") else source.record.headers
    return {**_content_headers(content), **_tagging(tagging), **storage_headers(request)}


def _replaces(request: ObjectRequest, directive: str) -> bool:
    value = request.headers.get(directive, "COPY")
    if value.upper() not in ("COPY", "REPLACE"):
        raise errors.invalid_argument(directive, value, "COPY or REPLACE")
    return value.upper() == "REPLACE"


def _content_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name in _CONTENT or name.startswith(_META)}


def _tagging(headers: Mapping[str, str]) -> dict[str, str]:
    if not (tags := read_tags(headers)):
        return {}
    is_legal = all(0 < len(key) <= _MAX_TAG_KEY and len(value) <= _MAX_TAG_VALUE for key, value in tags)
    if not is_legal or len(tags) > _MAX_TAGS or len(dict(tags)) < len(tags):
        message = (
            f"{_TAGGING}: found {headers[_TAGGING][:100]!r}; expected at most {_MAX_TAGS} tags with different keys,"
            f" keys of 1 to {_MAX_TAG_KEY} and values of at most {_MAX_TAG_VALUE} characters."
        )
        raise ErrorResponse(400, "InvalidTag", message)
    return {_TAGGING: headers[_TAGGING]}


def read_tags(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the keys and values of the tags in ``x-oss-tagging``, ``key=value&key=value``."""
    return parse_qsl(headers.get(_TAGGING, ""), keep_blank_values=True)


def storage_headers(request: ObjectRequest) -> dict[str, str]:
    """Return the request headers that describe how OSS stores the object.

    :raises ErrorResponse: as in :func:`kept_headers`
    """
    headers = request.headers
    storage_class = headers.get(STORAGE_CLASS, "Standard")
    if storage_class in _ARCHIVES:
        raise errors.not_implemented(f"{STORAGE_CLASS}: {storage_class}, whose objects have to be restored")
    for name, legal in ((STORAGE_CLASS, _STORAGE_CLASSES), (ACL, _ACLS), (_ENCRYPTION, _ALGORITHMS)):
        if name in headers and headers[name] not in legal:
            raise errors.invalid_argument(name, headers[name][:100], ", ".join(legal))
    return {name: headers[name] for name in _STORAGE if name in headers}


def response_headers(stored: StoredObject) -> dict[str, str]:
    """Return the headers of a response with an object."""
    record = stored.record
    kept = {name: value for name, value in record.headers.items() if name not in _HIDDEN}
    if tags := read_tags(record.headers):
        kept["x-oss-tagging-count"] = str(len(tags))
    if record.object_type == "Appendable":
        by_type = {"x-oss-next-append-position": str(stored.size)}
    else:
        by_type = {"Content-MD5": record.checksums.content_md5}
    return {
        STORAGE_CLASS: "Standard",
        **kept,
        **by_type,
        "content-type": stored.content_type,
        **checksum_headers(record.checksums),
        "Last-Modified": formatdate(min(stored.modified, time.time()), usegmt=True),
        OBJECT_TYPE: record.object_type,
        "Accept-Ranges": "bytes",
    }


def overridden_headers(request: ObjectRequest) -> dict[str, str]:
    """Return the headers that the query parameters ``response-...`` override."""
    found = {name: request.query[f"response-{name}"] for name in _CONTENT if f"response-{name}" in request.query}
    for name, value in found.items():
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            raise errors.invalid_argument(
                f"response-{name}", value, "printable ASCII without leading or trailing spaces"
            )
    return found
