"""Models of a job description: job, graph, tasks, commands.

Source: the CreateJob page of the API and the create_job page of its Python SDK. The defaults are those of the SDK's
objects. The private aliases exist because the annotation of a field cannot name a class that has the field's name.
"""

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Text
from airflow_provider_bcs.description.source import JobSource, read_description
from airflow_provider_bcs.exceptions import InvalidJobError

from .app.job import AppJob
from .instance_types import INSTANCE_TYPES, InstanceTypes
from .legacy import as_current
from .machines import AutoCluster, Mounts


def read_job(job: JobSource, instance_types: InstanceTypes = INSTANCE_TYPES) -> dict[str, Any]:
    """Return a job description as a new dict, with the field names of the current API.

    :param job: a dict, JSON text, the path of a ``.json``/``.yaml``/``.yml`` file, or an object with ``detail()`` or
        ``to_map()``; a job of the first API is converted
    :param instance_types: the instance types that a job of the first API can get; see
        :func:`~airflow_provider_bcs.batchcompute.legacy.from_v1`
    :raises JobSourceError: when it is none of these, or the file or text is unreadable
    :raises InvalidJobError: for a job of the first API that cannot be converted

    >>> read_job('{"Name": "count"}')
    {'Name': 'count'}
    """
    conversion = as_current(read_description(job), instance_types)
    if conversion.violations:
        raise InvalidJobError(conversion.violations)
    return conversion.job


def _stringified(values: Any) -> Any:
    """Turn scalar values of EnvVars into text, as the vendor's SDK does."""
    if not isinstance(values, dict):
        return values
    return {key: str(value) if isinstance(value, (int, float, bool)) else value for key, value in values.items()}


class Docker(Description):
    """Container image of a command."""

    Image: Text | None = None
    RunMode: Text | None = None


_Docker: TypeAlias = Docker


class Command(Description):
    """Program of a task. The service splits CommandLine into words; no shell runs it."""

    CommandLine: Text | None = None
    PackagePath: Text | None = None
    EnvVars: Annotated[dict[str, str], BeforeValidator(_stringified), Field(repr=False, default_factory=dict)]
    Docker: Annotated[_Docker, Field(default_factory=_Docker)]

    def detail(self) -> dict[str, Any]:
        """Return the content as a dict, with all values of EnvVars as text."""
        content = super().detail()
        return {**content, "EnvVars": _stringified(content["EnvVars"])} if "EnvVars" in content else content


class InputMappingConfig(Description):
    """Options for the mounts of InputMapping."""

    Locale: Text | None = None
    Lock: Boolean | None = None


_Command: TypeAlias = Command
_InputMappingConfig: TypeAlias = InputMappingConfig


class Parameters(Description):
    """Command of a task, and the OSS folders for its standard streams."""

    Command: Annotated[_Command, Field(default_factory=_Command)]
    InputMappingConfig: Annotated[_InputMappingConfig, Field(default_factory=_InputMappingConfig)]
    StdoutRedirectPath: Text | None = None
    StderrRedirectPath: Text | None = None


_Parameters: TypeAlias = Parameters
_AutoCluster: TypeAlias = AutoCluster
_Mounts: TypeAlias = Mounts


class TaskDescription(Description):
    """Task: a command that runs as InstanceCount instances. Timeout in seconds, for one instance."""

    Parameters: Annotated[_Parameters, Field(default_factory=_Parameters)]
    InputMapping: Annotated[dict[str, Text], Field(default_factory=dict)]
    OutputMapping: Annotated[dict[str, Text], Field(default_factory=dict)]
    LogMapping: Annotated[dict[str, Text], Field(default_factory=dict)]
    Timeout: Integer = 3600
    InstanceCount: Integer = 1
    MaxRetryCount: Integer = 0
    ClusterId: Text | None = None
    AutoCluster: Annotated[_AutoCluster, Field(default_factory=_AutoCluster)]
    Mounts: Annotated[_Mounts, Field(default_factory=_Mounts)]
    WriteSupport: Boolean | None = None
    TaskName: Text | None = None
    CredentialConfig: Annotated[dict[str, Any] | None, Field(repr=False)] = None


class Topic(Description):
    """Message topic for the events of a job."""

    Name: Text | None = None
    Endpoint: Text | None = None
    Events: Annotated[list[Text], Field(default_factory=list)]
    UserData: Text | None = None
    UserTemplate: Text | None = None


_Topic: TypeAlias = Topic


class Notification(Description):
    """Destination of the events of a job."""

    Topic: Annotated[_Topic, Field(default_factory=_Topic)]


class DAG(Description):
    """Tasks and their order. Dependencies: task -> the tasks that wait for it."""

    Tasks: Annotated[dict[str, TaskDescription], Field(default_factory=dict)]
    Dependencies: Annotated[dict[str, list[Text]], Field(default_factory=dict)]

    def add_task(self, task_name: str, task: TaskDescription | JobSource) -> None:
        """Add a task; replace a task of that name."""
        # The object is not copied: fields that the author sets later count, as in the vendor's SDK.
        added = task if isinstance(task, TaskDescription) else TaskDescription(task)
        self.Tasks = {**self.Tasks, task_name: added}

    def get_task(self, task_name: str) -> TaskDescription:
        """Return a task.

        :raises KeyError: when no task has that name
        """
        return self.Tasks[task_name]

    def delete_task(self, task_name: str) -> None:
        """Remove a task; leave Dependencies unchanged.

        :raises KeyError: when no task has that name
        """
        tasks = dict(self.Tasks)
        del tasks[task_name]
        self.Tasks = tasks


_DAG: TypeAlias = DAG
_Notification: TypeAlias = Notification


class JobDescription(Description):
    """Job, built from a description of either API. Priority is 0 to 1000, higher first.

    >>> job = JobDescription(Name="count")
    >>> job.DAG.add_task("count", {"Parameters": {"Command": {"CommandLine": "./count"}}})
    >>> job.DAG.Tasks["count"].Timeout
    3600
    """

    Name: Text | None = None
    Description: Text | None = None
    Type: Text = "DAG"
    Priority: Integer | None = None
    JobFailOnInstanceFail: Boolean = True
    AutoRelease: Boolean = False
    Notification: Annotated[_Notification, Field(default_factory=_Notification)]
    DAG: Annotated[_DAG, Field(default_factory=_DAG)]
    App: Annotated[AppJob, Field(default_factory=AppJob)]

    @classmethod
    def _read(cls, properties: JobSource) -> dict[str, Any]:
        return read_job(properties)
