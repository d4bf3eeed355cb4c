"""Base class of the service clients: endpoint, credentials, session."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from airflow_provider_bcs import __version__
from airflow_provider_bcs.exceptions import ApiError, ServiceError

from .credentials import CredentialProvider, Credentials, RenewableCredentials, as_provider, default_credentials
from .loopback import is_loopback
from .observer import Observer
from .session import RetryPolicy, Session

if TYPE_CHECKING:
    import requests

__all__ = ["ServiceClient", "path_segment"]

log = logging.getLogger(__name__)


class ServiceClient(ABC):
    """Client of one service in one region; safe to use from several threads.

    :param region: region id, e.g. ``cn-shanghai``; or the host name or URL of an endpoint
    :param access_key_id: AccessKey id; None to take the keys from ``credentials``
    :param access_key_secret: AccessKey secret that belongs to the id
    :param endpoint: URL of the service; None for the region's public endpoint
    :param credentials: keys, or a provider that the client calls before each request; None for the default credential
        chain. When the service refuses the keys, the client renews
        :class:`~airflow_provider_bcs.http.credentials.RenewableCredentials`. If the keys have changed, it sends the
        request once more
    :param timeout: seconds to connect, and seconds without a byte from the service
    :param retry: retry policy; None for the defaults of :class:`~airflow_provider_bcs.http.session.RetryPolicy`
    :param verify: True to verify TLS certificates, False to accept any, or the path of a CA bundle
    :param observer: counts requests, errors and more; None to count nothing
    :raises ValueError: when the endpoint is no URL of a host, or an AccessKey has an id or a secret only

    >>> from airflow_provider_bcs.batchcompute import Client
    >>> Client("cn-shanghai", "LTAI5example", "the-secret").endpoint
    'https://batchcompute.cn-shanghai.aliyuncs.com'
    >>> temporary = Credentials("STS.example", "the-secret", "the-token")
    >>> Client("http://127.0.0.1:8642", credentials=temporary).endpoint
    'http://127.0.0.1:8642'
    """

    #: First part of the service's host names.
    service: ClassVar[str]
    #: Operations that read states, which a wait asks for again and again.
    polls: ClassVar[frozenset[str]]

    def __init__(
        self,
        region: str,
        access_key_id: str | None = None,
        access_key_secret: str | None = None,
        *,
        endpoint: str | None = None,
        credentials: Credentials | CredentialProvider | None = None,
        timeout: tuple[float, float] = (10.0, 60.0),
        retry: RetryPolicy | None = None,
        verify: bool | str = True,
        observer: Observer | None = None,
    ) -> None:
        if endpoint is None and ("." in region or ":" in region):
            scheme = "http" if is_loopback(region.rpartition(":")[0] or region) else "https"
            endpoint = region if "://" in region else f"{scheme}://{region}"
        self.region = region
        #: Counts requests, errors and more.
        self.observer = observer or Observer()
        #: Retry policy of failed requests.
        self.retry = retry or RetryPolicy()
        self._credentials = as_provider(credentials or _credentials(access_key_id, access_key_secret))
        # Keys of each thread's last request: _renew compares them with the present ones.
        self._signed = threading.local()
        self._session = Session(
            endpoint or f"https://{self.service}.{region}.aliyuncs.com",
            self._sign,
            renew=self._renew,
            observe=self._observe,
            timeout=timeout,
            retry=self.retry,
            verify=verify,
            user_agent=f"airflow-provider-bcs/{__version__}",
        )

    @property
    def endpoint(self) -> str:
        """URL of the service."""
        return self._session.endpoint

    def credentials(self) -> Credentials:
        """Return the keys for the next request.

        :raises MissingCredentialsError: when the provider has no keys
        """
        self._signed.keys = keys = self._credentials()
        return keys

    def now(self) -> datetime:
        """Return the time of the service's clock in UTC. It may differ from this machine's."""
        return self._session.now()

    def close(self) -> None:
        """Close the keep-alive connections."""
        self._session.close()

    def _renew(self) -> bool:
        """Return whether the keys differ from those of this thread's last request; renew them if they do not."""
        try:
            if self._credentials() != self._signed.keys:
                return True
            if not isinstance(self._credentials, RenewableCredentials):
                return False
            self._credentials.renew()
            return bool(self._credentials() != self._signed.keys)
        except Exception as error:
            # A provider may raise anything. The caller raises the service's refusal, which says more.
            log.warning("The service refused the keys, and reading them again failed: %s", error)
            return False

    def _observe(self, method: str, target: str, headers: Mapping[str, str] | None, error: ApiError | None) -> None:
        operation = self._operation(method, target, headers or {})
        if operation in self.polls:
            self.observer.polled(operation)
        if error is not None:
            code = error.code if isinstance(error, ServiceError) else type(error).__name__.removesuffix("Error")
            self.observer.failed(operation, code)

    @abstractmethod
    def _operation(self, method: str, target: str, headers: Mapping[str, str]) -> str:
        """Return the name of the operation of a request."""

    @abstractmethod
    def _sign(self, request: requests.PreparedRequest) -> None:
        """Add the signature to the headers of a request."""


def path_segment(value: Any, what: str) -> str:
    """Return ``value`` percent-encoded, as one segment of a path.

    :param what: name of the value for the message, e.g. ``job id``
    :raises TypeError: when the value is no text, is blank, or is ``.`` or ``..``

    >>> path_segment("a/b", "job id")
    'a%2Fb'
    >>> path_segment("..", "job id")
    Traceback (most recent call last):
    TypeError: job id: found '..'; expected text that is not blank and not a relative path.
    """
    # A lone surrogate has no UTF-8 form, so it cannot be part of a URL.
    with suppress(UnicodeEncodeError):
        if isinstance(value, str) and value.strip() and value not in (".", ".."):
            return quote(value, safe="")
    raise TypeError(f"{what}: found {value!r}; expected text that is not blank and not a relative path.")


def _credentials(key_id: str | None, secret: str | None) -> Credentials | CredentialProvider:
    if key_id and secret:
        return Credentials(key_id, secret)
    if key_id or secret:
        found, missing = ("access_key_id", "access_key_secret") if key_id else ("access_key_secret", "access_key_id")
        raise ValueError(f"{missing}: found only {found}; expected both, or neither for the default credential chain.")
    return default_credentials()
