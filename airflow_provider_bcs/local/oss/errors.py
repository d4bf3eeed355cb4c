"""Error responses with the codes, HTTP statuses and messages of OSS; the project's own advice follows the message."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_bcs.local.error_response import ErrorResponse


class ObjectErrorResponse(ErrorResponse):
    """Error response with further elements in its document.

    :ivar details: elements by name, such as ``BucketName``
    """

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, str]) -> None:
        super().__init__(status, code, message)
        self.details = details


def access_denied(message: str) -> ErrorResponse:
    return ErrorResponse(403, "AccessDenied", message)


def no_such_bucket(bucket: str) -> ErrorResponse:
    message = "The specified bucket does not exist. Create it with PutBucket or as a directory."
    return ObjectErrorResponse(404, "NoSuchBucket", message, {"BucketName": bucket})


def no_such_key(key: str) -> ErrorResponse:
    return ObjectErrorResponse(404, "NoSuchKey", "The specified key does not exist.", {"Key": key})


def no_such_upload(upload_id: str) -> ErrorResponse:
    message = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or"
        " completed."
    )
    return ObjectErrorResponse(404, "NoSuchUpload", message, {"UploadId": upload_id})


def invalid_argument(name: str, value: str, expected: str) -> ErrorResponse:
    message = f"{name}: found {value!r}; expected {expected}."
    return ObjectErrorResponse(400, "InvalidArgument", message, {"ArgumentName": name, "ArgumentValue": value})


def invalid_bucket_name(bucket: str) -> ErrorResponse:
    message = (
        "The specified bucket is not valid. Expected 3 to 63 lower-case letters, digits and hyphens;"
        " the first and last one are no hyphen."
    )
    return ObjectErrorResponse(400, "InvalidBucketName", message, {"BucketName": bucket})


def invalid_object_name(reason: str) -> ErrorResponse:
    return ErrorResponse(400, "InvalidObjectName", f"The specified object is not valid. {reason}")


def exists_already(reason: str) -> ErrorResponse:
    """Return the error of buckets with a hierarchical namespace, where a key cannot be a file and a directory."""
    return ErrorResponse(409, "FileAlreadyExists", reason)


def object_not_appendable() -> ErrorResponse:
    return ErrorResponse(409, "ObjectNotAppendable", "The object is not appendable.")


def position_not_equal_to_length(length: int, crc64: int) -> ErrorResponse:
    headers = {"x-oss-next-append-position": str(length), "x-oss-hash-crc64ecma": str(crc64)}
    return ErrorResponse(409, "PositionNotEqualToLength", "Position is not equal to file length", headers)


def invalid_digest(found: str, expected: str) -> ErrorResponse:
    message = f"The Content-MD5 you specified was invalid. Found {found!r}; expected {expected!r}."
    return ErrorResponse(400, "InvalidDigest", message)


def malformed_xml(reason: str) -> ErrorResponse:
    message = "The XML you provided was not well-formed or did not validate against our published schema."
    return ErrorResponse(400, "MalformedXML", f"{message} Reason: {reason}.")


def not_implemented(what: str) -> ErrorResponse:
    """Return status 400 instead of OSS's 501, which clients would retry."""
    return ErrorResponse(400, "NotImplemented", f"The local service does not support {what}.")


def invalid_uri(path: str) -> ErrorResponse:
    return ErrorResponse(400, "InvalidURI", f"Path: found {path[:100]!r}; expected a path that begins with '/'.")


def bucket_not_empty(bucket: str) -> ErrorResponse:
    message = "The bucket you tried to delete is not empty. Delete its objects and other files first."
    return ObjectErrorResponse(409, "BucketNotEmpty", message, {"BucketName": bucket})


def invalid_part(number: int, etag: str) -> ErrorResponse:
    message = (
        "One or more of the specified parts could not be found or the specified entity tag might not have matched the"
        " part's entity tag."
    )
    return ObjectErrorResponse(400, "InvalidPart", message, {"PartNumber": str(number), "ETag": etag})


def part_too_small(number: int, size: int, minimum: int) -> ErrorResponse:
    message = "Your proposed upload smaller than the minimum allowed size."
    sizes = {"PartNumber": str(number), "ProposedSize": str(size), "MinSizeAllowed": str(minimum)}
    return ObjectErrorResponse(400, "EntityTooSmall", message, sizes)


def invalid_access_key_id(key_id: str) -> ErrorResponse:
    message = "The OSS Access Key Id you provided does not exist in our records."
    return ObjectErrorResponse(403, "InvalidAccessKeyId", message, {"OSSAccessKeyId": key_id[:60]})


def request_time_too_skewed(allowed_seconds: int) -> ErrorResponse:
    message = (
        "The difference between the request time and the current time is too large."
        f" Expected at most {allowed_seconds // 60} minutes."
    )
    allowed = str(allowed_seconds * 1000)
    return ObjectErrorResponse(403, "RequestTimeTooSkewed", message, {"MaxAllowedSkewMilliseconds": allowed})


def signature_does_not_match(signature: str, name: str, text: str) -> ErrorResponse:
    """Return the error of a wrong signature.

    :param name: element for the text that the service has signed, such as ``StringToSign``
    """
    message = (
        "The request signature we calculated does not match the signature you provided."
        " Check your key and signing method."
    )
    return ObjectErrorResponse(
        403, "SignatureDoesNotMatch", message, {"SignatureProvided": signature[:100], name: text}
    )
