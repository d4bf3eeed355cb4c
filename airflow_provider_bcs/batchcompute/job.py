"""Models of a job description: job, graph, tasks, commands.

Source: the CreateJob page of the API and the create_job page of its Python SDK. Defaults are those the SDK's
objects fill in. The private aliases exist because a field may not be annotated with a class of its own name.
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
    """EnvVars of any scalar type become text, as the vendor's SDK does."""
    if not isinstance(values, dict):
        return values
    return {key: str(value) if isinstance(value, (int, float, bool)) else value for key, value in values.items()}


class Docker(Description):
    """The container image a command runs in."""

    Image: Text | None = None
    RunMode: Text | None = None


_Docker: TypeAlias = Docker


class Command(Description):
    """The program of a task. CommandLine is no shell line: it is split into words and run."""

    CommandLine: Text | None = None
    PackagePath: Text | None = None
    EnvVars: Annotated[dict[str, str], BeforeValidator(_stringified), Field(repr=False, default_factory=dict)]
    Docker: Annotated[_Docker, Field(default_factory=_Docker)]

    def detail(self) -> dict[str, Any]:
        """Return the content as a dict; what was put into EnvVars one by one becomes text here."""
        content = super().detail()
        return {**content, "EnvVars": _stringified(content["EnvVars"])} if "EnvVars" in content else content


class InputMappingConfig(Description):
    """How InputMapping is mounted."""

    Locale: Text | None = None
    Lock: Boolean | None = None


_Command: TypeAlias = Command
_InputMappingConfig: TypeAlias = InputMappingConfig


class Parameters(Description):
    """Command and log directories of a task."""

    Command: Annotated[_Command, Field(default_factory=_Command)]
    InputMappingConfig: Annotated[_InputMappingConfig, Field(default_factory=_InputMappingConfig)]
    StdoutRedirectPath: Text | None = None
    StderrRedirectPath: Text | None = None


_Parameters: TypeAlias = Parameters
_AutoCluster: TypeAlias = AutoCluster
_Mounts: TypeAlias = Mounts


class TaskDescription(Description):
    """One task: a command that runs as InstanceCount instances. Timeout in seconds, of one instance."""

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
    """The message topic that events of a job go to."""

    Name: Text | None = None
    Endpoint: Text | None = None
    Events: Annotated[list[Text], Field(default_factory=list)]
    UserData: Text | None = None
    UserTemplate: Text | None = None


_Topic: TypeAlias = Topic


class Notification(Description):
    """Where events of a job go."""

    Topic: Annotated[_Topic, Field(default_factory=_Topic)]


class DAG(Description):
    """Tasks and their order. Dependencies: predecessor -> its successors."""

    Tasks: Annotated[dict[str, TaskDescription], Field(default_factory=dict)]
    Dependencies: Annotated[dict[str, list[Text]], Field(default_factory=dict)]

    def add_task(self, task_name: str, task: TaskDescription | JobSource) -> None:
        """Add a task, or replace the one of that name."""
        # An object stays the author's: what is set on it afterwards counts, as in the vendor's SDK.
        added = task if isinstance(task, TaskDescription) else TaskDescription(task)
        self.Tasks = {**self.Tasks, task_name: added}

    def get_task(self, task_name: str) -> TaskDescription:
        """Return a task.

        :raises KeyError: when there is none of that name
        """
        return self.Tasks[task_name]

    def delete_task(self, task_name: str) -> None:
        """Remove a task; Dependencies are left as they are.

        :raises KeyError: when there is none of that name
        """
        tasks = dict(self.Tasks)
        del tasks[task_name]
        self.Tasks = tasks


_DAG: TypeAlias = DAG
_Notification: TypeAlias = Notification


class JobDescription(Description):
    """A whole job, also one of the first API. Priority 0 to 1000, higher first."""

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
