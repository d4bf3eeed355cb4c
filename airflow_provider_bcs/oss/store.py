"""Access to OSS objects by their ``oss://bucket/key`` URI."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.exceptions import AccessDeniedError, ApiError, NoAnswerError, NotFoundError, ServiceError
from airflow_provider_bcs.http.credentials import CredentialProvider, Credentials, as_provider
from airflow_provider_bcs.http.errors import redirect_error, service_error, tls_error
from airflow_provider_bcs.http.loopback import is_loopback_url, read_endpoint

from .excerpt import Excerpt, read_excerpt

if TYPE_CHECKING:
    import alibabacloud_oss_v2 as oss

__all__ = ["ObjectStore", "split_uri"]

#: Pages of a listing with 1000 objects each.
_MAX_PAGES = 100
_URI = re.compile(r"oss://([^/]+)/(.+)", re.DOTALL)


class ObjectStore:
    """Object store of one region.

    All methods raise :class:`~airflow_provider_bcs.exceptions.ApiError` for a failed call and ``ValueError`` for a URI
    that is not ``oss://bucket/key``.

    :param region: region id, e.g. ``cn-shanghai``
    :param credentials: keys, or a provider that is called before each request
    :param endpoint: URL or host name of OSS; None for the region's public endpoint
    :param verify: True to verify TLS certificates, False to accept any, or the path of a CA bundle
    :param attempts: maximum number of times that a request is sent
    :raises ValueError: when the endpoint is no URL of a host

    >>> store = ObjectStore("cn-shanghai", credentials=Credentials("LTAI5example", "the-secret"))
    >>> store.endpoint
    'https://oss-cn-shanghai.aliyuncs.com'
    >>> store.exists("bucket/key")
    Traceback (most recent call last):
    ValueError: URI: found 'bucket/key'; expected oss://bucket/key.

    Methods take URIs: ``store.upload("train.py", "oss://bucket/train.py")`` uploads a file, and
    ``store.head_and_tail("oss://bucket/log.txt", 5, 20).lines()`` reads the ends of a log.
    """

    def __init__(
        self,
        region: str,
        *,
        credentials: Credentials | CredentialProvider,
        endpoint: str | None = None,
        verify: bool | str = True,
        attempts: int = 5,
    ) -> None:
        self.endpoint = _url(endpoint or f"oss-{region}.aliyuncs.com")
        self._client = _client(region, self.endpoint, as_provider(credentials), verify, attempts)

    def check(self) -> None:
        """List one bucket, to see whether the store answers and accepts the keys. They need no permission to list.

        :raises ApiError: when the store does not answer, or refuses the keys
        """
        import alibabacloud_oss_v2 as oss

        try:
            with _errors(self.endpoint):
                self._client.list_buckets(oss.ListBucketsRequest(max_keys=1))
        except AccessDeniedError as error:
            # OSS verifies the signature before it looks at permissions.
            if error.code != "AccessDenied":
                raise

    def exists(self, uri: str) -> bool:
        """Return whether the object exists.

        :raises NotFoundError: when the bucket does not exist
        """
        bucket, key = split_uri(uri)
        with _errors(self.endpoint):
            return bool(self._client.is_object_exist(bucket, key))

    def is_written(self, uri: str, since: datetime) -> bool:
        """Return whether an object, or an object below a folder, was written at ``since`` or later.

        OSS knows the time of a write to the second, so that one in the same second counts. An object that stands for a
        folder does not. Of a folder the first 100,000 objects are read; in a larger one the others count as written.

        :param uri: URI of an object, or of a folder: of all objects that begin with it and a ``/``
        """
        begin = since.replace(microsecond=0)
        try:
            return (not uri.endswith("/") and self._is_object_written(uri, begin)) or self._is_folder_written(
                uri, begin
            )
        except NotFoundError:
            # There is no such bucket.
            return False

    def _is_object_written(self, uri: str, begin: datetime) -> bool:
        import alibabacloud_oss_v2 as oss

        bucket, key = split_uri(uri)
        try:
            with _errors(self.endpoint):
                found = self._client.get_object_meta(oss.GetObjectMetaRequest(bucket=bucket, key=key))
        except NotFoundError:
            return False
        return found.last_modified is not None and found.last_modified >= begin

    def _is_folder_written(self, uri: str, begin: datetime) -> bool:
        import alibabacloud_oss_v2 as oss

        bucket, _, prefix = uri.removeprefix("oss://").rstrip("/").partition("/")
        request = oss.ListObjectsV2Request(bucket=bucket, prefix=f"{prefix}/" if prefix else "", max_keys=1000)
        with _errors(self.endpoint):
            for number, page in enumerate(self._client.list_objects_v2_paginator().iter_page(request)):
                found = page.contents or []
                if number == _MAX_PAGES or any(not i.key.endswith("/") and i.last_modified >= begin for i in found):
                    return True
        return False

    def upload(self, path: str | os.PathLike[str], uri: str) -> None:
        """Upload a file, a large file in parts. An existing object is replaced."""
        import alibabacloud_oss_v2 as oss

        bucket, key = split_uri(uri)
        with _errors(self.endpoint):
            self._client.uploader().upload_file(oss.PutObjectRequest(bucket=bucket, key=key), os.fspath(path))

    def read_range(self, uri: str, begin: int, end: int) -> bytes:
        """Return the bytes from ``begin`` up to, not including, ``end``; fewer when the object is shorter."""
        return self._read(uri, begin, end)[0]

    def head_and_tail(self, uri: str, first_lines: int, last_lines: int) -> Excerpt:
        """Return the first and last lines of a text object. The memory does not depend on the object's size."""
        return read_excerpt(lambda begin, end: self._read(uri, begin, end), first_lines, last_lines)

    def _read(self, uri: str, begin: int, end: int) -> tuple[bytes, int]:
        """Return a range and the object's size; the size is 0 when the range begins after the object's end."""
        import alibabacloud_oss_v2 as oss

        bucket, key = split_uri(uri)
        request = oss.GetObjectRequest(
            bucket=bucket,
            key=key,
            range_header=f"bytes={begin}-{end - 1}",
            # Without it, OSS returns the whole object for a range that exceeds the object.
            range_behavior="standard",
        )
        try:
            with _errors(self.endpoint):
                answer = self._client.get_object(request)
                content: bytes = answer.body.read()
        except ServiceError as error:
            if error.code == "InvalidRange":
                return b"", 0
            raise
        return content, int(answer.content_range.rpartition("/")[2]) if answer.content_range else len(content)


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of a URI.

    :raises ValueError: when the URI is not ``oss://bucket/key``

    >>> split_uri("oss://bucket/logs/task.txt")
    ('bucket', 'logs/task.txt')
    """
    matched = _URI.fullmatch(uri)
    if matched is None:
        raise ValueError(f"URI: found {uri!r}; expected oss://bucket/key.")
    return matched[1], matched[2]


def _url(endpoint: str) -> str:
    if "://" not in endpoint:
        endpoint = f"{'http' if is_loopback_url(f'//{endpoint}') else 'https'}://{endpoint}"
    return read_endpoint(endpoint, "oss_endpoint")


def _client(
    region: str, endpoint: str, credentials: CredentialProvider, verify: bool | str, attempts: int
) -> oss.Client:
    import alibabacloud_oss_v2 as oss
    from requests.adapters import HTTPAdapter

    is_local = is_loopback_url(endpoint)

    class Adapter(HTTPAdapter):
        """Adapter for what the vendor's options lack: a CA bundle, no proxy for loopback, an error for redirects."""

        def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]
            proxies = {} if is_local else options.pop("proxies", None)
            response = super().send(request, **{**options, "proxies": proxies, "verify": verify})
            if response.is_redirect:
                raise redirect_error(response.status_code, response.headers["Location"])
            return response

    def provide() -> oss.credentials.Credentials:
        found = credentials()
        return oss.credentials.Credentials(found.access_key_id, found.access_key_secret, found.security_token)

    config = oss.config.load_default()
    config.region = region
    config.endpoint = endpoint
    config.use_path_style = is_local
    config.credentials_provider = oss.credentials.CredentialsProviderFunc(provide)
    config.retry_max_attempts = attempts
    config.http_client = oss.transport.RequestsHttpClient(adapter=Adapter())
    return oss.Client(config)


@contextmanager
def _errors(endpoint: str) -> Iterator[None]:
    """Map the vendor's exceptions to those of this package."""
    import alibabacloud_oss_v2 as oss
    import requests

    try:
        yield
    except (oss.exceptions.BaseError, requests.RequestException) as error:
        raise _error(endpoint, error) from error


def _error(endpoint: str, error: Exception) -> Exception:
    import alibabacloud_oss_v2 as oss
    import requests

    from airflow_provider_bcs.http.session import no_answer

    while isinstance(inner := getattr(error, "kwargs", {}).get("error"), Exception):
        error = inner
    if isinstance(error, oss.exceptions.ServiceError):
        date = error.headers.get("Date") if error.headers else None
        code, message = error.code, error.message or ""
        if code == "BadErrorResponse":
            # The vendor's own code for an answer without an error document of OSS.
            code, message = "NotObjectStorage", f"{endpoint} does not answer as OSS does; check oss_endpoint"
        return service_error(error.status_code, code, message, error.request_id or "", date=date)
    if isinstance(error, (ApiError, ValueError)):
        return error
    if isinstance(error, (oss.exceptions.BucketNameInvalidError, oss.exceptions.ObjectNameInvalidError)):
        return ValueError(str(error))
    if isinstance(error, requests.exceptions.SSLError):
        return tls_error(endpoint, error)
    if isinstance(error, requests.RequestException):
        return no_answer(endpoint, error)
    return NoAnswerError(f"{endpoint} did not answer: {error}")
