"""What the clients of both services are made of: endpoint, keys, session."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from airflow_provider_bcs import __version__

from .credentials import CredentialProvider, Credentials, default_credentials, fixed_credentials
from .loopback import is_loopback
from .session import RetryPolicy, Session

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)


class ServiceClient(ABC):
    """A client of one service in one region.

    :param region: a region such as ``cn-shanghai``, or a host name or URL for another endpoint
    :param access_key_id: together with the secret; without them the vendor's default credential chain is asked
    :param security_token: comes with temporary keys
    :param endpoint: URL to use instead of the region's public one
    :param credentials: gives the keys anew for each request, instead of the three parameters above
    :param read_credentials: called when the keys were refused; when it gives others, the request is sent once more
    :param timeout: seconds to connect, and seconds without a byte from the service
    :param retry: how a failed request is repeated
    :param verify: False to accept any TLS certificate, or the path of a CA bundle
    """

    #: The first part of the service's host names.
    service: ClassVar[str]

    def __init__(
        self,
        region: str,
        access_key_id: str | None = None,
        access_key_secret: str | None = None,
        security_token: str | None = None,
        *,
        endpoint: str | None = None,
        credentials: CredentialProvider | None = None,
        read_credentials: Callable[[], CredentialProvider] | None = None,
        timeout: tuple[float, float] = (10.0, 60.0),
        retry: RetryPolicy | None = None,
        verify: bool | str = True,
    ) -> None:
        if endpoint is None and ("." in region or ":" in region):
            scheme = "http" if is_loopback(region.rpartition(":")[0] or region) else "https"
            endpoint = region if "://" in region else f"{scheme}://{region}"
        self.region = region
        #: How a failed request is repeated.
        self.retry = retry or RetryPolicy()
        self._credentials = credentials or _credentials(access_key_id, access_key_secret, security_token)
        self._read_credentials = read_credentials
        # A client may be used by several threads.
        self._signed = threading.local()
        self._session = Session(
            endpoint or f"https://{self.service}.{region}.aliyuncs.com",
            self._sign,
            renew=self._renew,
            timeout=timeout,
            retry=self.retry,
            verify=verify,
            user_agent=f"airflow-provider-bcs/{__version__}",
        )

    @property
    def endpoint(self) -> str:
        """The URL that requests go to."""
        return self._session.endpoint

    def credentials(self) -> Credentials:
        """Return the keys that the next request is signed with.

        :raises MissingCredentialsError: when there are none
        """
        self._signed.keys = keys = self._credentials()
        return keys

    def now(self) -> datetime:
        """Return the present in UTC by the service's clock, which may differ from this machine's."""
        return self._session.now()

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._session.close()

    def _renew(self) -> bool:
        """Tell whether there are other keys by now than those that this thread has signed with."""
        if self._read_credentials is None:
            return False
        try:
            if self._credentials() != self._signed.keys:
                return True
            found = self._read_credentials()
            if found() == self._signed.keys:
                return False
        except Exception as error:
            # The keys may be kept anywhere; that they were refused is what has to be told.
            log.warning("The keys were refused, and cannot be read anew: %s", error)
            return False
        self._credentials = found
        return True

    @abstractmethod
    def _sign(self, request: requests.PreparedRequest) -> None:
        """Put the signature into the headers of a request."""


def path_segment(value: Any, what: str) -> str:
    """Return ``value`` percent-encoded, as one segment of a path.

    :raises TypeError: when it is no text, empty, or would be a path
    """
    # Half a character cannot stand in a URL.
    with suppress(UnicodeEncodeError):
        if isinstance(value, str) and value.strip() and value not in (".", ".."):
            return quote(value, safe="")
    article = "An" if what[0] in "aeiou" else "A"
    raise TypeError(f"{article} {what} is a text that is not empty and no path; found {value!r}.")


def _credentials(key_id: str | None, secret: str | None, token: str | None) -> CredentialProvider:
    if key_id and secret:
        return fixed_credentials(Credentials(key_id, secret, token))
    if key_id or secret:
        raise ValueError("access_key_id and access_key_secret go together; found one without the other.")
    return default_credentials()
