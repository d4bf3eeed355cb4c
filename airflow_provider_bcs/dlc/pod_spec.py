"""Models of ExtraPodSpec: further containers, volumes, labels and security settings of a role's pods.

Source: CreateJob, API version 2020-12-03, and its Python SDK 1.11.6. The private aliases exist because the
annotation of a field cannot name a class of the field's own name.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Text


class EnvVar(Description):
    """Environment variable of an additional container."""

    Name: Text | None = None
    Value: Annotated[Text | None, Field(repr=False)] = None


class ResourceRequirements(Description):
    """Minimum (Requests) and maximum (Limits) resources of a container: resource -> quantity."""

    Limits: Annotated[dict[str, Text], Field(default_factory=dict)]
    Requests: Annotated[dict[str, Text], Field(default_factory=dict)]


class SecurityContextCapabilities(Description):
    """Linux capabilities to add to a container or to drop from it."""

    Add: Annotated[list[Text], Field(default_factory=list)]
    Drop: Annotated[list[Text], Field(default_factory=list)]


class SeccompProfile(Description):
    """Profile of the system calls that a container may make."""

    Type: Text | None = None
    LocalhostProfile: Text | None = None


_SeccompProfile: TypeAlias = SeccompProfile


class SecurityContext(Description):
    """Users and privileges of a container. Privileged is for subscribed Lingjun resources only."""

    RunAsUser: Integer | None = None
    RunAsGroup: Integer | None = None
    Privileged: Boolean | None = None
    Capabilities: Annotated[SecurityContextCapabilities, Field(default_factory=SecurityContextCapabilities)]
    SeccompProfile: Annotated[_SeccompProfile, Field(default_factory=_SeccompProfile)]


_SecurityContext: TypeAlias = SecurityContext


class ContainerSpec(Description):
    """Additional container, which runs before the main container or beside it."""

    Name: Text | None = None
    Image: Text | None = None
    Command: Annotated[list[Text], Field(default_factory=list)]
    Args: Annotated[list[Text], Field(default_factory=list)]
    WorkingDir: Text | None = None
    Env: Annotated[list[EnvVar], Field(default_factory=list)]
    Resources: Annotated[ResourceRequirements, Field(default_factory=ResourceRequirements)]
    SecurityContext: Annotated[_SecurityContext, Field(default_factory=_SecurityContext)]


class LifecycleExec(Description):
    """Program and its arguments, run in the main container."""

    Command: Annotated[list[Text], Field(default_factory=list)]


class LifecycleHandler(Description):
    """Handler of one event in the life of a container."""

    Exec: Annotated[LifecycleExec, Field(default_factory=LifecycleExec)]


class Lifecycle(Description):
    """Handlers that run after the main container's start and before its end."""

    PostStart: Annotated[LifecycleHandler, Field(default_factory=LifecycleHandler)]
    PreStop: Annotated[LifecycleHandler, Field(default_factory=LifecycleHandler)]


_Lifecycle: TypeAlias = Lifecycle


class ExtraPodSpec(Description):
    """Additions to the pods of a role. SharedVolumeMountPaths are mounted in all containers."""

    InitContainers: Annotated[list[ContainerSpec], Field(default_factory=list)]
    SideCarContainers: Annotated[list[ContainerSpec], Field(default_factory=list)]
    Lifecycle: Annotated[_Lifecycle, Field(default_factory=_Lifecycle)]
    SharedVolumeMountPaths: Annotated[list[Text], Field(default_factory=list)]
    MainContainerSecurityContext: Annotated[SecurityContext, Field(default_factory=SecurityContext)]
    PodLabels: Annotated[dict[str, Text], Field(default_factory=dict)]
    PodAnnotations: Annotated[dict[str, Text], Field(default_factory=dict)]
