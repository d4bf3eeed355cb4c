"""The ``Range`` header and the ``If-...`` headers of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from airflow_provider_bcs.local.error_response import ErrorResponse

from .objects import StoredObject

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def check_conditions(found: StoredObject, headers: Mapping[str, str], prefix: str = "") -> None:
    """Compare an object with the ``If-...`` headers of a request.

    :param prefix: prefix of the header names; CopyObject has ``x-oss-copy-source-if-match``
    :raises ErrorResponse: PreconditionFailed, or NotModified (304, a response without a body)
    """
    etag = found.record.checksums.etag

    def matches(name: str) -> bool | None:
        value = headers.get(f"{prefix}{name}")
        return None if value is None else value.strip() == "*" or etag in (_quoted(tag) for tag in value.split(","))

    def changed_since(name: str) -> bool | None:
        try:
            return int(found.modified) > parsedate_to_datetime(headers.get(f"{prefix}{name}", "")).timestamp()
        except (ValueError, OverflowError):
            return None

    if matches("if-match") is False or changed_since("if-unmodified-since") is True:
        raise ErrorResponse(412, "PreconditionFailed", "At least one of the preconditions you specified did not hold.")
    if matches("if-none-match") is True or changed_since("if-modified-since") is False:
        raise ErrorResponse(304, "NotModified", "Not Modified", {"ETag": etag})


def read_range(headers: Mapping[str, str], size: int) -> tuple[int, int] | None:
    """Return the begin and end of the part that ``Range`` selects; None selects the whole object.

    Like OSS, this ignores a range that exceeds the object, unless ``x-oss-range-behavior`` is ``standard``.

    :raises ErrorResponse: InvalidRange, with ``x-oss-range-behavior: standard``, when the range begins after the end
    """
    matched = _RANGE.match(headers.get("range", ""))
    if matched is None or not any(matched.groups()):
        return None
    first, last = (int(text) if text else None for text in matched.groups())
    if first is None:
        begin, end = size - (last or 0), size
    else:
        begin, end = first, size if last is None else last + 1
    if 0 <= begin < end <= size:
        return begin, end
    if headers.get("x-oss-range-behavior") != "standard" or (first is not None and last is not None and last < first):
        return None
    if begin >= size or not size:
        message = f"The requested range cannot be satisfied; the object has {size} bytes."
        raise ErrorResponse(416, "InvalidRange", message, {"Content-Range": f"bytes */{size}"})
    return max(begin, 0), min(end, size)


def read_copied_range(headers: Mapping[str, str], size: int) -> tuple[int, int]:
    """Return the begin and end of the part of an object that UploadPartCopy copies.

    Like OSS, this copies the whole object unless ``x-oss-copy-source-range`` is a legal range within it.
    """
    matched = _RANGE.fullmatch(headers.get("x-oss-copy-source-range", ""))
    if matched and all(matched.groups()):
        first, last = (int(text) for text in matched.groups())
        if first <= last < size:
            return first, last + 1
    return 0, size


def _quoted(tag: str) -> str:
    return '"' + tag.strip().strip('"').upper() + '"'
