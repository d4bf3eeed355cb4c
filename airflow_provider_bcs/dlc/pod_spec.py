"""Models of what a role's pods have besides their main container.

Source: CreateJob, API version 2020-12-03, and its Python SDK 1.11.6. The private aliases exist because a field may
not be annotated with a class of its own name.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Text


class EnvVar(Description):
    """An environment variable of an additional container."""

    Name: Text | None = None
    Value: Annotated[Text | None, Field(repr=False)] = None


class ResourceRequirements(Description):
    """What a container needs at least, and gets at most: resource -> quantity."""

    Limits: Annotated[dict[str, Text], Field(default_factory=dict)]
    Requests: Annotated[dict[str, Text], Field(default_factory=dict)]


class SecurityContextCapabilities(Description):
    """Linux capabilities that a container has more or fewer of."""

    Add: Annotated[list[Text], Field(default_factory=list)]
    Drop: Annotated[list[Text], Field(default_factory=list)]


class SeccompProfile(Description):
    """Which system calls a container may make."""

    Type: Text | None = None
    LocalhostProfile: Text | None = None


_SeccompProfile: TypeAlias = SeccompProfile


class SecurityContext(Description):
    """What a container runs as. Privileged is for subscribed Lingjun resources only."""

    RunAsUser: Integer | None = None
    RunAsGroup: Integer | None = None
    Privileged: Boolean | None = None
    Capabilities: Annotated[SecurityContextCapabilities, Field(default_factory=SecurityContextCapabilities)]
    SeccompProfile: Annotated[_SeccompProfile, Field(default_factory=_SeccompProfile)]


_SecurityContext: TypeAlias = SecurityContext


class ContainerSpec(Description):
    """An additional container: one that runs before the main one, or beside it."""

    Name: Text | None = None
    Image: Text | None = None
    Command: Annotated[list[Text], Field(default_factory=list)]
    Args: Annotated[list[Text], Field(default_factory=list)]
    WorkingDir: Text | None = None
    Env: Annotated[list[EnvVar], Field(default_factory=list)]
    Resources: Annotated[ResourceRequirements, Field(default_factory=ResourceRequirements)]
    SecurityContext: Annotated[_SecurityContext, Field(default_factory=_SecurityContext)]


class LifecycleExec(Description):
    """A program and its arguments, run in the main container."""

    Command: Annotated[list[Text], Field(default_factory=list)]


class LifecycleHandler(Description):
    """What happens at a point of a container's life."""

    Exec: Annotated[LifecycleExec, Field(default_factory=LifecycleExec)]


class Lifecycle(Description):
    """What happens after the main container's start and before its end."""

    PostStart: Annotated[LifecycleHandler, Field(default_factory=LifecycleHandler)]
    PreStop: Annotated[LifecycleHandler, Field(default_factory=LifecycleHandler)]


_Lifecycle: TypeAlias = Lifecycle


class ExtraPodSpec(Description):
    """What a role's pods have besides their main container. SharedVolumeMountPaths are seen by all containers."""

    InitContainers: Annotated[list[ContainerSpec], Field(default_factory=list)]
    SideCarContainers: Annotated[list[ContainerSpec], Field(default_factory=list)]
    Lifecycle: Annotated[_Lifecycle, Field(default_factory=_Lifecycle)]
    SharedVolumeMountPaths: Annotated[list[Text], Field(default_factory=list)]
    MainContainerSecurityContext: Annotated[SecurityContext, Field(default_factory=SecurityContext)]
    PodLabels: Annotated[dict[str, Text], Field(default_factory=dict)]
    PodAnnotations: Annotated[dict[str, Text], Field(default_factory=dict)]
