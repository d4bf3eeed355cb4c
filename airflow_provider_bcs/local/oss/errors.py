"""Errors with OSS's codes and statuses; messages say what a client can do about it."""

from __future__ import annotations

from airflow_provider_bcs.local.api_error import ApiError


def access_denied(message: str) -> ApiError:
    return ApiError(403, "AccessDenied", message)


def no_such_bucket(bucket: str) -> ApiError:
    return ApiError(404, "NoSuchBucket", f"The bucket {bucket!r} does not exist; PutBucket or a directory makes one.")


def no_such_key(key: str) -> ApiError:
    return ApiError(404, "NoSuchKey", f"The object {key!r} does not exist.")


def no_such_upload(upload_id: str) -> ApiError:
    return ApiError(404, "NoSuchUpload", f"The upload {upload_id!r} does not exist: it was completed or aborted.")


def invalid_argument(name: str, value: str, right: str) -> ApiError:
    return ApiError(400, "InvalidArgument", f"{name} is {value!r}; right is {right}.")


def invalid_bucket_name(bucket: str) -> ApiError:
    return ApiError(400, "InvalidBucketName", f"{bucket!r} is no legal bucket name.")


def invalid_object_name(reason: str) -> ApiError:
    return ApiError(400, "InvalidObjectName", reason)


def exists_already(reason: str) -> ApiError:
    """Return the answer of buckets with a hierarchical namespace, where a directory cannot be an object either."""
    return ApiError(409, "FileAlreadyExists", reason)


def invalid_digest(found: str, right: str) -> ApiError:
    return ApiError(400, "InvalidDigest", f"Content-MD5 is {found!r}, but that of the content is {right!r}.")


def malformed_xml(reason: str) -> ApiError:
    return ApiError(400, "MalformedXML", f"The body is not the XML of this operation: {reason}.")


def not_implemented(what: str) -> ApiError:
    """Return an error of the caller and not OSS's 501, which clients would try again."""
    return ApiError(400, "NotImplemented", f"{what} is not known to the local service.")


def invalid_uri(path: str) -> ApiError:
    return ApiError(400, "InvalidURI", f"{path[:100]!r} is no path.")


def bucket_not_empty(bucket: str) -> ApiError:
    return ApiError(409, "BucketNotEmpty", f"The bucket {bucket!r} holds objects, or files that are none.")
