"""Models of a job description, the body of CreateJob.

Source: CreateJob, API version 2020-12-03, and its Python SDK 1.11.6, which fills in no defaults. The private aliases
exist because the annotation of a field cannot name a class of the field's own name.
"""

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Text
from airflow_provider_bcs.description.source import JobSource, read_description

from .credential import CredentialConfig
from .job_spec import JobSpec
from .settings import JobSettings


def read_job(job: JobSource) -> dict[str, Any]:
    """Return a job description, the body of CreateJob, as a new dict with the API's field names.

    :param job: a dict, JSON text, the path of a ``.json``, ``.yaml`` or ``.yml`` file, or an object with ``detail()``
        or ``to_map()``
    :raises JobSourceError: when ``job`` is none of these, or the file or text is unreadable

    >>> read_job('{"DisplayName": "train"}')
    {'DisplayName': 'train'}
    """
    return read_description(job)


class DataSource(Description):
    """Dataset (DataSourceId) or directory (Uri) that is mounted in all pods at MountPath.

    MountAccess is RO or RW. Options and RoleChain are JSON text.
    """

    DataSourceId: Text | None = None
    DataSourceVersion: Text | None = None
    Uri: Text | None = None
    MountPath: Text | None = None
    MountAccess: Text | None = None
    Options: Text | None = None
    EnableCache: Boolean | None = None
    AccessPointId: Text | None = None
    RoleArn: Text | None = None
    RoleChain: Text | None = None


class CodeSource(Description):
    """Code repository that is copied to MountPath before UserCommand runs."""

    CodeSourceId: Text | None = None
    Branch: Text | None = None
    Commit: Text | None = None
    MountPath: Text | None = None
    IsSharedMountPath: Boolean | None = None


class UserVpc(Description):
    """VPC that the pods join. DefaultRoute is eth0 (public gateway) or eth1 (this VPC)."""

    VpcId: Text | None = None
    SwitchId: Text | None = None
    SecurityGroupId: Text | None = None
    ExtendedCIDRs: Annotated[list[Text], Field(default_factory=list)]
    DefaultRoute: Text | None = None


class CustomEnv(Description):
    """Environment variable. The effect of Visible is not documented."""

    Key: Text | None = None
    Value: Annotated[Text | None, Field(repr=False)] = None
    Visible: Text | None = None


class JobElasticSpec(Description):
    """Elastic training. The documentation says that the service ignores ElasticSpec."""

    EnableElasticTraining: Boolean | None = None
    ElasticStrategy: Text | None = None
    MinParallelism: Integer | None = None
    MaxParallelism: Integer | None = None
    EnableAIMaster: Boolean | None = None
    AIMasterType: Text | None = None
    AIMasterDockerImage: Text | None = None
    EnableEDP: Boolean | None = None
    EDPMinParallelism: Integer | None = None
    EDPMaxParallelism: Integer | None = None
    EnablePsJobElasticPS: Boolean | None = None
    EnablePsJobElasticWorker: Boolean | None = None
    EnablePsResourceEstimate: Boolean | None = None
    PSMinParallelism: Integer | None = None
    PSMaxParallelism: Integer | None = None


_CodeSource: TypeAlias = CodeSource
_UserVpc: TypeAlias = UserVpc
_CredentialConfig: TypeAlias = CredentialConfig


class JobDescription(Description):
    """Job description. UserCommand runs in each pod of each role.

    Priority is 1 to 9; jobs of a higher Priority start first. Options are ``key=value`` pairs, separated by commas, for
    the mounts of object storage.
    """

    DisplayName: Text | None = None
    Description: Text | None = None
    JobType: Text | None = None
    JobSpecs: Annotated[list[JobSpec], Field(default_factory=list)]
    UserCommand: Text | None = None
    Envs: Annotated[dict[str, Text], Field(repr=False, default_factory=dict)]
    CustomEnvs: Annotated[list[CustomEnv], Field(default_factory=list)]
    DataSources: Annotated[list[DataSource], Field(default_factory=list)]
    CodeSource: Annotated[_CodeSource, Field(default_factory=_CodeSource)]
    ThirdpartyLibs: Annotated[list[Text], Field(default_factory=list)]
    ThirdpartyLibDir: Text | None = None
    WorkspaceId: Text | None = None
    ResourceId: Text | None = None
    Priority: Integer | None = None
    SchedulingStrategy: Text | None = None
    JobMaxRunningTimeMinutes: Integer | None = None
    SuccessPolicy: Text | None = None
    Accessibility: Text | None = None
    UserVpc: Annotated[_UserVpc, Field(default_factory=_UserVpc)]
    CredentialConfig: Annotated[_CredentialConfig, Field(default_factory=_CredentialConfig)]
    Settings: Annotated[JobSettings, Field(default_factory=JobSettings)]
    Options: Text | None = None
    TemplateId: Text | None = None
    TemplateVersion: Integer | None = None
    ElasticSpec: Annotated[JobElasticSpec, Field(default_factory=JobElasticSpec)]
    DebuggerConfigContent: Text | None = None
