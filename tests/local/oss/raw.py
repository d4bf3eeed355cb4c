"""Signed requests that no client sends."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import partial
from urllib.parse import quote, urlsplit

from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.local.oss.request import ObjectRequest
from airflow_provider_bcs.local.oss.signature import ALGORITHM, canonical_request, signature_v4
from tests.local.service import Service

from .conftest import BUCKET

_encode = partial(quote, safe="")


def raw_request(
    service: Service,
    method: str,
    *,
    bucket: str = BUCKET,
    key: str = "",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    host: str = "",
    encode: Callable[[str], str] = _encode,
) -> tuple[int, bytes]:
    """Send a signed request unchanged; return status and body.

    :param host: the Host header; with it the bucket does not stand in the path
    :param encode: encodes the names and values of the query
    """
    address = urlsplit(service.ready["oss"]).netloc
    moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/local/oss/aliyun_v4_request"
    sent = {"host": host or address, "x-oss-date": moment, **(headers or {})}
    parameters = list((query or {}).items())
    canonical = canonical_request(ObjectRequest(method, {"Bucket": bucket, "Key": key}, parameters, sent), ())
    signature = signature_v4(ACCESS_KEY_SECRET, canonical, moment, scope)
    sent["authorization"] = f"{ALGORITHM} Credential=local/{scope},Signature={signature}"
    path = f"/{quote(key)}" if host else f"/{quote(bucket, safe='')}/{quote(key)}" if bucket else "/"
    text = "&".join(f"{encode(name)}={encode(value)}" for name, value in parameters)
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request(method, path + (f"?{text}" if text else ""), body, sent)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
