"""Sources of the keys that sign requests: given keys, keys that can be read again, the default credential chain."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from airflow_provider_bcs.exceptions import MissingCredentialsError

__all__ = ["CredentialProvider", "Credentials", "RenewableCredentials", "as_provider", "default_credentials"]


@dataclass(frozen=True)
class Credentials:
    """Keys that sign a request.

    :param access_key_id: AccessKey id
    :param access_key_secret: AccessKey secret
    :param security_token: security token of temporary (STS) keys; None for keys that do not expire
    :raises ValueError: when a value holds a character that no key has

    The text form of the object shows no secret:

    >>> Credentials("LTAI5example", "the-secret", "the-token")
    Credentials(access_key_id='LTAI5example')
    """

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("access_key_id", "access_key_secret", "security_token"):
            value = getattr(self, name)
            if value and not re.fullmatch(r"[\x21-\x7e]+", value):
                # The message must not hold the value, which is a secret.
                raise ValueError(
                    f"{name}: found a blank, a line break or a non-ASCII character; expected printable ASCII."
                )


#: Function that returns the present keys. It is called before each request, so it can renew keys before they expire.
CredentialProvider = Callable[[], Credentials]


class RenewableCredentials:
    """Provider whose keys can be read again, for example from an Airflow connection.

    :param provider: present source of the keys
    :param read: returns the source again; called by :meth:`renew`

    >>> stored = Credentials("old-id", "old-secret")
    >>> keys = RenewableCredentials(as_provider(stored), lambda: as_provider(stored))
    >>> stored = Credentials("new-id", "new-secret")
    >>> keys().access_key_id
    'old-id'
    >>> keys.renew()
    >>> keys().access_key_id
    'new-id'
    """

    def __init__(self, provider: CredentialProvider, read: Callable[[], CredentialProvider]) -> None:
        self._provider = provider
        self._read = read

    def __call__(self) -> Credentials:
        """Return the present keys."""
        return self._provider()

    def renew(self) -> None:
        """Read the keys again. The client calls this when the service has refused the present keys.

        :raises Exception: whatever ``read`` or its provider raises; the present provider stays then
        """
        provider = self._read()
        # A source without keys must not replace one that has keys.
        provider()
        self._provider = provider


def as_provider(credentials: Credentials | CredentialProvider) -> CredentialProvider:
    """Return a provider that returns the given keys, or the given provider itself.

    >>> as_provider(Credentials("LTAI5example", "the-secret"))().access_key_id
    'LTAI5example'
    """
    return (lambda: credentials) if isinstance(credentials, Credentials) else credentials


def default_credentials(role_arn: str | None = None, base: Credentials | None = None) -> CredentialProvider:
    """Return a provider that reads the default credential chain of the library ``alibabacloud-credentials``.

    The library renews temporary keys before they expire. The provider, not this function, raises
    :class:`~airflow_provider_bcs.exceptions.MissingCredentialsError` when the chain has no keys.

    :param role_arn: ARN of a RAM role to assume; None to use the keys of the chain themselves
    :param base: keys that may assume the role; None for the keys of the chain
    """
    from alibabacloud_credentials.client import Client
    from alibabacloud_credentials.models import Config

    client: Client | None = None

    def provide() -> Credentials:
        nonlocal client
        try:
            if client is None:
                client = Client(_config(Config, role_arn, base or _read(Client())) if role_arn else None)
            return _read(client)
        # The library raises a different class for each source of the chain, and plain Exception for some.
        except Exception as error:
            raise MissingCredentialsError(
                "AccessKey: found none in the connection (login and password), and the default credential chain of"
                f" alibabacloud-credentials failed; expected keys in either. The chain's error: {error}"
            ) from error

    return provide


def _config(config_type: type, role_arn: str | None, base: Credentials) -> object:
    return config_type(
        type="ram_role_arn",
        access_key_id=base.access_key_id,
        access_key_secret=base.access_key_secret,
        security_token=base.security_token,
        role_arn=role_arn,
        role_session_name="airflow-provider-bcs",
    )


def _read(client: object) -> Credentials:
    model = client.get_credential()  # type: ignore[attr-defined]
    return Credentials(model.access_key_id, model.access_key_secret, model.security_token or None)
