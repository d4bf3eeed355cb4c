"""Client for PAI-DLC: models of job descriptions, their rules, and one method for each operation. Without Airflow.

::

    from airflow_provider_bcs.dlc import Client, validate_job

    assert not validate_job("train.yaml")
    print(Client("cn-shanghai").create_job("train.yaml").JobId)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_bcs.lazy import lazy_names

if TYPE_CHECKING:
    from airflow_provider_bcs.description.source import CheckedJob as CheckedJob
    from airflow_provider_bcs.description.violation import JobWarning as JobWarning
    from airflow_provider_bcs.description.violation import Violation as Violation
    from airflow_provider_bcs.exceptions import InvalidJobError as InvalidJobError
    from airflow_provider_bcs.exceptions import JobSourceError as JobSourceError

    from .client import Client as Client
    from .credential import AssumeUserInfo as AssumeUserInfo
    from .credential import CredentialConfig as CredentialConfig
    from .credential import CredentialConfigItem as CredentialConfigItem
    from .credential import CredentialRole as CredentialRole
    from .filters import JobFilters as JobFilters
    from .job import CodeSource as CodeSource
    from .job import CustomEnv as CustomEnv
    from .job import DataSource as DataSource
    from .job import JobDescription as JobDescription
    from .job import JobElasticSpec as JobElasticSpec
    from .job import UserVpc as UserVpc
    from .job import read_job as read_job
    from .job_spec import AssignNodeSpec as AssignNodeSpec
    from .job_spec import AutoscalingMetricSpec as AutoscalingMetricSpec
    from .job_spec import AutoScalingSpec as AutoScalingSpec
    from .job_spec import ElasticSpotSpec as ElasticSpotSpec
    from .job_spec import HyperNodeSchedulingConfig as HyperNodeSchedulingConfig
    from .job_spec import HyperNodeSpec as HyperNodeSpec
    from .job_spec import ImageConfig as ImageConfig
    from .job_spec import JobSpec as JobSpec
    from .job_spec import LocalMountSpec as LocalMountSpec
    from .job_spec import ResourceConfig as ResourceConfig
    from .job_spec import ServiceSpec as ServiceSpec
    from .job_spec import SpotSpec as SpotSpec
    from .job_spec import StartupDependency as StartupDependency
    from .job_spec import SystemDisk as SystemDisk
    from .pod_spec import ContainerSpec as ContainerSpec
    from .pod_spec import EnvVar as EnvVar
    from .pod_spec import ExtraPodSpec as ExtraPodSpec
    from .pod_spec import Lifecycle as Lifecycle
    from .pod_spec import LifecycleExec as LifecycleExec
    from .pod_spec import LifecycleHandler as LifecycleHandler
    from .pod_spec import ResourceRequirements as ResourceRequirements
    from .pod_spec import SeccompProfile as SeccompProfile
    from .pod_spec import SecurityContext as SecurityContext
    from .pod_spec import SecurityContextCapabilities as SecurityContextCapabilities
    from .response import Created as Created
    from .response import EcsSpec as EcsSpec
    from .response import Job as Job
    from .response import Metric as Metric
    from .response import Pod as Pod
    from .response import PodLogs as PodLogs
    from .response import PodMetrics as PodMetrics
    from .response import StatusPeriod as StatusPeriod
    from .rules import check_job as check_job
    from .rules import job_warnings as job_warnings
    from .rules import validate_job as validate_job
    from .settings import DataJuicerConfig as DataJuicerConfig
    from .settings import JobSettings as JobSettings
    from .settings import ModelConfig as ModelConfig
    from .settings import ModelTemplate as ModelTemplate
    from .settings import ResourceLimit as ResourceLimit

__all__, __getattr__ = lazy_names(
    __name__,
    {
        ".client": "Client",
        ".credential": "AssumeUserInfo CredentialConfig CredentialConfigItem CredentialRole",
        ".filters": "JobFilters",
        ".job": "CodeSource CustomEnv DataSource JobDescription JobElasticSpec UserVpc read_job",
        ".job_spec": (
            "AssignNodeSpec AutoscalingMetricSpec AutoScalingSpec ElasticSpotSpec "
            "HyperNodeSchedulingConfig HyperNodeSpec ImageConfig JobSpec LocalMountSpec ResourceConfig "
            "ServiceSpec SpotSpec StartupDependency SystemDisk"
        ),
        ".pod_spec": (
            "ContainerSpec EnvVar ExtraPodSpec Lifecycle LifecycleExec LifecycleHandler "
            "ResourceRequirements SeccompProfile SecurityContext SecurityContextCapabilities"
        ),
        ".response": "Created EcsSpec Job Metric Pod PodLogs PodMetrics StatusPeriod",
        ".rules": "check_job job_warnings validate_job",
        ".settings": "DataJuicerConfig JobSettings ModelConfig ModelTemplate ResourceLimit",
        "airflow_provider_bcs.description.source": "CheckedJob",
        "airflow_provider_bcs.description.violation": "JobWarning Violation",
        "airflow_provider_bcs.exceptions": "InvalidJobError JobSourceError",
    },
)
