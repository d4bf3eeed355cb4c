"""Models of the temporary credentials of a job's pods.

Source: CreateJob, API version 2020-12-03, and its Python SDK 1.11.6. The private alias exists because the
annotation of a field cannot name a class of the field's own name.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Text


class AssumeUserInfo(Description):
    """User on whose behalf the role is assumed."""

    Id: Text | None = None
    Type: Text | None = None
    AccessKeyId: Annotated[Text | None, Field(repr=False)] = None
    SecurityToken: Annotated[Text | None, Field(repr=False)] = None


_AssumeUserInfo: TypeAlias = AssumeUserInfo


class CredentialRole(Description):
    """RAM role that the pods assume. RoleType is service or user."""

    RoleArn: Text | None = None
    RoleType: Text | None = None
    AssumeRoleFor: Text | None = None
    Policy: Text | None = None
    AssumeUserInfo: Annotated[_AssumeUserInfo, Field(default_factory=_AssumeUserInfo)]


class CredentialConfigItem(Description):
    """Role or chain of roles, identified by Key. Type is Role or RoleChain."""

    Key: Text | None = None
    Type: Text | None = None
    Roles: Annotated[list[CredentialRole], Field(default_factory=list)]


class CredentialConfig(Description):
    """Temporary credentials of a job's pods, in place of an AccessKey in Envs."""

    EnableCredentialInject: Boolean | None = None
    AliyunEnvRoleKey: Text | None = None
    CredentialConfigItems: Annotated[list[CredentialConfigItem], Field(default_factory=list)]
