"""Models of the part of a job of Type App that names the app and its parameters.

Source: the app job page of the API and its Python SDK.
"""

from typing import Annotated, Any

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Text


class AppLogging(Description):
    """Where the standard streams of an app's instances go."""

    StdoutPath: Text | None = None
    StderrPath: Text | None = None


class AppJobConfig(Description):
    """The settings of an app that a job gives values to, and where it runs."""

    ResourceType: Text | None = None
    InstanceType: Text | None = None
    InstanceCount: Integer | None = None
    MinDiskSize: Integer | None = None
    DiskType: Text | None = None
    MinDataDiskSize: Integer | None = None
    DataDiskType: Text | None = None
    DataDiskMountPoint: Text | None = None
    MaxRetryCount: Integer | None = None
    Timeout: Integer | None = None
    ReserveOnFail: Boolean | None = None
    ClassicNetwork: Boolean | None = None
    ClusterId: Text | None = None


class AppJob(Description):
    """What a job of Type App runs: the app, by a name that begins with ``:`` or ``Public:`` for a public one."""

    AppName: Text | None = None
    Inputs: Annotated[dict[str, Any], Field(repr=False, default_factory=dict)]
    Outputs: Annotated[dict[str, Any], Field(default_factory=dict)]
    Logging: Annotated[AppLogging, Field(default_factory=AppLogging)]
    Config: Annotated[AppJobConfig, Field(default_factory=AppJobConfig)]
