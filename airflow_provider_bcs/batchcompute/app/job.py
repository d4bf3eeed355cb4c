"""Models of the part of a job of Type App that names the app and its parameters.

Source: the app job page of the API and its Python SDK.
"""

from typing import Annotated, Any

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Text


class AppLogging(Description):
    """OSS paths for the standard streams of an app's instances."""

    StdoutPath: Text | None = None
    StderrPath: Text | None = None


class AppJobConfig(Description):
    """Values of a job for the settings of an app, and the cluster that runs it. Sizes in GB, Timeout in seconds."""

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
    """App that a job of Type App runs; the name of a public app begins with ``:`` or ``Public:``."""

    AppName: Text | None = None
    Inputs: Annotated[dict[str, Any], Field(repr=False, default_factory=dict)]
    Outputs: Annotated[dict[str, Any], Field(default_factory=dict)]
    Logging: Annotated[AppLogging, Field(default_factory=AppLogging)]
    Config: Annotated[AppJobConfig, Field(default_factory=AppJobConfig)]
