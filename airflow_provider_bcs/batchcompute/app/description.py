"""Models of apps: programs that the service keeps.

Source: the app pages of the API and its Python SDK.
"""

from typing import Annotated

from pydantic import Field, Strict

from airflow_provider_bcs.description.model import Boolean, Description, Text

#: Value of a setting: a text stays a text, and a whole number stays one.
Scalar = Text | Annotated[int, Strict()] | Annotated[float, Strict()]


class AppDocker(Description):
    """Container image of an app, from a registry or from a registry in OSS."""

    Image: Text | None = None
    RegistryOSSPath: Text | None = None


class AppVM(Description):
    """Machine image of an app."""

    ECSImageId: Text | None = None


class AppParameter(Description):
    """Input or output of an app. Type is String or Number; the program finds the file or folder at LocalPath."""

    Description: Text | None = None
    Type: Text | None = None
    Default: Annotated[Scalar | None, Field(repr=False)] = None
    LocalPath: Text | None = None


class AppSetting(Description):
    """Setting of an app's machines; a job may give another value unless Overwritable is false."""

    Default: Scalar | None = None
    Description: Text | None = None
    Overwritable: Boolean | None = None


class AppConfig(Description):
    """Settings of an app. Sizes in GB; Timeout in seconds, for one instance."""

    ResourceType: Annotated[AppSetting, Field(default_factory=AppSetting)]
    InstanceType: Annotated[AppSetting, Field(default_factory=AppSetting)]
    InstanceCount: Annotated[AppSetting, Field(default_factory=AppSetting)]
    MinDiskSize: Annotated[AppSetting, Field(default_factory=AppSetting)]
    DiskType: Annotated[AppSetting, Field(default_factory=AppSetting)]
    MinDataDiskSize: Annotated[AppSetting, Field(default_factory=AppSetting)]
    DataDiskType: Annotated[AppSetting, Field(default_factory=AppSetting)]
    DataDiskMountPoint: Annotated[AppSetting, Field(default_factory=AppSetting)]
    MaxRetryCount: Annotated[AppSetting, Field(default_factory=AppSetting)]
    Timeout: Annotated[AppSetting, Field(default_factory=AppSetting)]


class AppDescription(Description):
    """App: a command, its image, and the parameters that a job gives values to."""

    Name: Text | None = None
    Description: Text | None = None
    CommandLine: Text | None = None
    Docker: Annotated[AppDocker, Field(default_factory=AppDocker)]
    VM: Annotated[AppVM, Field(default_factory=AppVM)]
    EnvVars: Annotated[dict[str, Text], Field(repr=False, default_factory=dict)]
    Daemonize: Boolean | None = None
    InputParameters: Annotated[dict[str, AppParameter], Field(default_factory=dict)]
    OutputParameters: Annotated[dict[str, AppParameter], Field(default_factory=dict)]
    Config: Annotated[AppConfig, Field(default_factory=AppConfig)]
