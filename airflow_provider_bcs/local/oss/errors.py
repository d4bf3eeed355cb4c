"""Error responses with the codes and HTTP statuses of OSS; messages name the remedy."""

from __future__ import annotations

from airflow_provider_bcs.local.error_response import ErrorResponse


def access_denied(message: str) -> ErrorResponse:
    return ErrorResponse(403, "AccessDenied", message)


def no_such_bucket(bucket: str) -> ErrorResponse:
    return ErrorResponse(
        404, "NoSuchBucket", f"The bucket {bucket!r} does not exist; create it with PutBucket or as a directory."
    )


def no_such_key(key: str) -> ErrorResponse:
    return ErrorResponse(404, "NoSuchKey", f"The object {key!r} does not exist.")


def no_such_upload(upload_id: str) -> ErrorResponse:
    return ErrorResponse(404, "NoSuchUpload", f"The upload {upload_id!r} does not exist: it was completed or aborted.")


def invalid_argument(name: str, value: str, expected: str) -> ErrorResponse:
    return ErrorResponse(400, "InvalidArgument", f"{name}: found {value!r}; expected {expected}.")


def invalid_bucket_name(bucket: str) -> ErrorResponse:
    return ErrorResponse(400, "InvalidBucketName", f"{bucket!r} is not a legal bucket name.")


def invalid_object_name(reason: str) -> ErrorResponse:
    return ErrorResponse(400, "InvalidObjectName", reason)


def exists_already(reason: str) -> ErrorResponse:
    """Return the error of buckets with a hierarchical namespace, where a key cannot be a file and a directory."""
    return ErrorResponse(409, "FileAlreadyExists", reason)


def object_not_appendable() -> ErrorResponse:
    return ErrorResponse(409, "ObjectNotAppendable", "The object is not appendable.")


def position_not_equal_to_length(length: int, crc64: int) -> ErrorResponse:
    headers = {"x-oss-next-append-position": str(length), "x-oss-hash-crc64ecma": str(crc64)}
    return ErrorResponse(409, "PositionNotEqualToLength", "Position is not equal to file length", headers)


def invalid_digest(found: str, expected: str) -> ErrorResponse:
    message = f"Content-MD5: found {found!r}; expected {expected!r}, the MD5 of the received body."
    return ErrorResponse(400, "InvalidDigest", message)


def malformed_xml(reason: str) -> ErrorResponse:
    return ErrorResponse(400, "MalformedXML", f"The body is not the XML document of this operation: {reason}.")


def not_implemented(what: str) -> ErrorResponse:
    """Return status 400 instead of OSS's 501, which clients would retry."""
    return ErrorResponse(400, "NotImplemented", f"The local service does not support {what}.")


def invalid_uri(path: str) -> ErrorResponse:
    return ErrorResponse(400, "InvalidURI", f"Path: found {path[:100]!r}; expected a path that begins with '/'.")


def bucket_not_empty(bucket: str) -> ErrorResponse:
    return ErrorResponse(
        409, "BucketNotEmpty", f"The bucket {bucket!r} holds objects or other files; delete them first."
    )
