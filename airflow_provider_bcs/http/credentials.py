"""Where the keys come from: given ones, or the vendor's default credential chain."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from airflow_provider_bcs.exceptions import MissingCredentialsError


@dataclass(frozen=True)
class Credentials:
    """One set of keys; a security token comes with temporary (STS) ones."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("access_key_id", "access_key_secret", "security_token"):
            value = getattr(self, name)
            if value and not re.fullmatch(r"[\x21-\x7e]+", value):
                raise ValueError(f"{name} holds a blank, a line break or another character that no key has.")


#: Called before each request, so that temporary keys are renewed in time.
CredentialProvider = Callable[[], Credentials]


def fixed_credentials(credentials: Credentials) -> CredentialProvider:
    """Return a provider that always gives the same keys."""
    return lambda: credentials


def default_credentials(role_arn: str | None = None, base: Credentials | None = None) -> CredentialProvider:
    """Return a provider that asks the library ``alibabacloud-credentials``, which renews what expires.

    :param role_arn: a RAM role to assume with ``base`` (or with what the chain finds when ``base`` is None)
    :param base: the keys to assume the role with
    :raises MissingCredentialsError: when the chain finds nothing; raised by the provider, not here
    """
    from alibabacloud_credentials.client import Client
    from alibabacloud_credentials.models import Config

    client: Client | None = None

    def provide() -> Credentials:
        nonlocal client
        try:
            if client is None:
                client = Client(_config(Config, role_arn, base or _found(Client())) if role_arn else None)
            return _found(client)
        # The library raises a different class for each source it tries, and some are plain Exception.
        except Exception as error:
            raise MissingCredentialsError(
                "The connection has no AccessKey (login and password) and the default credential chain of"
                f" alibabacloud-credentials gave none: {error}"
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


def _found(client: object) -> Credentials:
    model = client.get_credential()  # type: ignore[attr-defined]
    return Credentials(model.access_key_id, model.access_key_secret, model.security_token or None)
