"""Query parameters and request headers of OSS by what they do, those of unsupported operations included."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Query parameters that only parametrize an operation, and that a V1 signature covers.
_COVERED_PARAMETERS = _words(
    "continuation-token position security-token sequential x-oss-request-payer x-oss-traffic-limit"
    " response-cache-control response-content-disposition response-content-encoding response-content-language"
    " response-content-type response-expires"
)
#: Query parameters that select an operation with any value, and that a V1 signature covers.
_SUB_RESOURCES = _words(
    "accessPoint accessPointPolicy acl append asyncFetch bucketArchiveDirectRead bucketInfo callback"
    " callback-var cname comp cors delete encryption endTime group httpsConfig inventory inventoryId lifecycle link"
    " live location logging metaQuery objectInfo objectMeta partNumber policy publicAccessBlock qos qosInfo"
    " qosRequester redundancyTransition referer regionList replication replicationLocation replicationProgress"
    " requestPayment requesterQosInfo resourceGroup resourcePool resourcePoolBuckets resourcePoolInfo restore"
    " startTime stat status style styleName symlink tagging transferAcceleration uploadId uploads versionId versioning"
    " versions vod website worm wormExtend wormId x-oss-ac-forward-allow x-oss-ac-source-ip x-oss-ac-subnet-mask"
    " x-oss-ac-vpc-id x-oss-access-point-name x-oss-async-process x-oss-process x-oss-redundancy-transition-taskid"
    " x-oss-target-redundancy-type x-oss-write-get-object-response"
)
#: Query parameters that select an operation, and that a V1 signature does not cover.
_OTHER_SELECTING = _words("list-type regions tag-key tag-value")

#: Query parameters that only parametrize an operation, even when they are empty.
_PARAMETER = re.compile(
    "delimiter|encoding-type|fetch-owner|(key-|upload-id-|part-number-)?marker|max-(keys|parts|uploads)|prefix"
    "|start-after|x-oss-(access-key-id|additional-headers|credential|date|expires|security-token|signature"
    "|signature-version)"
)

#: Headers with the prefix ``x-oss-`` that the local service honours, by target: service, bucket and object.
_COMMON_HEADER = "x-oss-(content-sha256|date|request-payer|security-token|traffic-limit|user-agent)"
_HONOURED_HEADERS = (
    re.compile(_COMMON_HEADER),
    re.compile(f"{_COMMON_HEADER}|x-oss-acl"),
    re.compile(
        f"{_COMMON_HEADER}|x-oss-(complete-all|forbid-overwrite|(metadata|tagging)-directive|meta-.+|object-acl"
        "|range-behavior|server-side-(encryption|encryption-key-id|data-encryption)|storage-class|tagging)"
        # The Node package ali-oss puts this prefix before every header of a copy. OSS ignores the names it makes.
        "|x-oss-copy-source(-(?!version-id|server-side-).*)?"
    ),
)


def is_covered(name: str) -> bool:
    """Tell whether a V1 signature covers a query parameter."""
    return name in _SUB_RESOURCES or name in _COVERED_PARAMETERS


def is_selecting(name: str, value: str) -> bool:
    """Tell whether a query parameter selects an operation.

    An unknown parameter with an empty value does: otherwise ``DELETE /bucket?unknown`` would delete the bucket.
    """
    if name == "versionId" and value in ("", "null"):
        # "null" is the VersionId of an object in a bucket without versioning.
        return False
    if name in _SUB_RESOURCES or name in _OTHER_SELECTING:
        return True
    if name in _COVERED_PARAMETERS or _PARAMETER.fullmatch(name):
        return False
    return not value or name.startswith("x-oss-")


def is_honoured(header: str, depth: int) -> bool:
    """Tell whether the local service honours a request header, or it has no meaning for OSS.

    :param depth: 0 for a request to the service, 1 to a bucket, 2 to an object
    """
    return not header.startswith("x-oss-") or bool(_HONOURED_HEADERS[depth].fullmatch(header))
