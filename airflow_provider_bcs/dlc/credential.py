"""Models of the credentials that a job's pods are given.

Source: CreateJob, API version 2020-12-03, and its Python SDK 1.11.6. The private alias exists because a field may
not be annotated with a class of its own name.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Text


class AssumeUserInfo(Description):
    """The user on whose behalf a role is taken."""

    Id: Text | None = None
    Type: Text | None = None
    AccessKeyId: Annotated[Text | None, Field(repr=False)] = None
    SecurityToken: Annotated[Text | None, Field(repr=False)] = None


_AssumeUserInfo: TypeAlias = AssumeUserInfo


class CredentialRole(Description):
    """A RAM role that pods act in. RoleType service or user."""

    RoleArn: Text | None = None
    RoleType: Text | None = None
    AssumeRoleFor: Text | None = None
    Policy: Text | None = None
    AssumeUserInfo: Annotated[_AssumeUserInfo, Field(default_factory=_AssumeUserInfo)]


class CredentialConfigItem(Description):
    """A role, or a chain of them, under a key. Type Role or RoleChain."""

    Key: Text | None = None
    Type: Text | None = None
    Roles: Annotated[list[CredentialRole], Field(default_factory=list)]


class CredentialConfig(Description):
    """Which temporary credentials a job's pods find, so that Envs need hold no key."""

    EnableCredentialInject: Boolean | None = None
    AliyunEnvRoleKey: Text | None = None
    CredentialConfigItems: Annotated[list[CredentialConfigItem], Field(default_factory=list)]
