"""Client for BatchCompute without Airflow: models of descriptions, their rules, and all operations of the API.

Python imports each name when a program first uses it, so that a DAG file that only validates a job imports no HTTP.
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

    from .app.description import AppConfig as AppConfig
    from .app.description import AppDescription as AppDescription
    from .app.description import AppDocker as AppDocker
    from .app.description import AppParameter as AppParameter
    from .app.description import AppSetting as AppSetting
    from .app.description import AppVM as AppVM
    from .app.job import AppJob as AppJob
    from .app.job import AppJobConfig as AppJobConfig
    from .app.job import AppLogging as AppLogging
    from .app.response import App as App
    from .app.response import AppDetail as AppDetail
    from .app.response import AppRevision as AppRevision
    from .app.response import CreatedApp as CreatedApp
    from .app.rules import validate_app as validate_app
    from .client import Client as Client
    from .cluster.description import ClusterDescription as ClusterDescription
    from .cluster.description import GroupDescription as GroupDescription
    from .cluster.description import ImageDescription as ImageDescription
    from .cluster.response import Cluster as Cluster
    from .cluster.response import ClusterInstance as ClusterInstance
    from .cluster.response import ClusterMetrics as ClusterMetrics
    from .cluster.response import Group as Group
    from .cluster.response import Image as Image
    from .cluster.rules import validate_cluster as validate_cluster
    from .cluster.rules import validate_image as validate_image
    from .facts import Quotas as Quotas
    from .instance_types import INSTANCE_TYPES as INSTANCE_TYPES
    from .job import DAG as DAG
    from .job import Command as Command
    from .job import Docker as Docker
    from .job import InputMappingConfig as InputMappingConfig
    from .job import JobDescription as JobDescription
    from .job import Notification as Notification
    from .job import Parameters as Parameters
    from .job import TaskDescription as TaskDescription
    from .job import Topic as Topic
    from .job import read_job as read_job
    from .legacy import from_v1 as from_v1
    from .legacy import is_legacy as is_legacy
    from .legacy_fields import v1_path as v1_path
    from .machines import NAS as NAS
    from .machines import OSS as OSS
    from .machines import VPC as VPC
    from .machines import AutoCluster as AutoCluster
    from .machines import Classic as Classic
    from .machines import Configs as Configs
    from .machines import DataDisk as DataDisk
    from .machines import Disks as Disks
    from .machines import MountEntry as MountEntry
    from .machines import Mounts as Mounts
    from .machines import Networks as Networks
    from .machines import SystemDisk as SystemDisk
    from .response import AppResult as AppResult
    from .response import AvailableInstanceType as AvailableInstanceType
    from .response import AvailableResource as AvailableResource
    from .response import Created as Created
    from .response import Error as Error
    from .response import Instance as Instance
    from .response import Job as Job
    from .response import Metrics as Metrics
    from .response import NetworkSupport as NetworkSupport
    from .response import ResourceQuotas as ResourceQuotas
    from .response import Result as Result
    from .response import Task as Task
    from .rules import check_job as check_job
    from .rules import job_warnings as job_warnings
    from .rules import validate_job as validate_job

__all__, __getattr__ = lazy_names(
    __name__,
    {
        ".app.description": "AppConfig AppDescription AppDocker AppParameter AppSetting AppVM",
        ".app.job": "AppJob AppJobConfig AppLogging",
        ".app.response": "App AppDetail AppRevision CreatedApp",
        ".app.rules": "validate_app",
        ".client": "Client",
        ".machines": "AutoCluster Classic Configs DataDisk Disks MountEntry Mounts NAS Networks OSS SystemDisk VPC",
        ".cluster.description": "ClusterDescription GroupDescription ImageDescription",
        ".cluster.response": "Cluster ClusterInstance ClusterMetrics Group Image",
        ".cluster.rules": "validate_cluster validate_image",
        ".facts": "Quotas",
        ".instance_types": "INSTANCE_TYPES",
        ".job": "Command DAG Docker InputMappingConfig JobDescription Notification Parameters TaskDescription Topic"
        " read_job",
        ".legacy": "from_v1 is_legacy",
        ".legacy_fields": "v1_path",
        ".response": "AppResult AvailableInstanceType AvailableResource Created Error Instance Job Metrics"
        " NetworkSupport ResourceQuotas Result Task",
        ".rules": "check_job job_warnings validate_job",
        "airflow_provider_bcs.description.source": "CheckedJob",
        "airflow_provider_bcs.description.violation": "JobWarning Violation",
        "airflow_provider_bcs.exceptions": "InvalidJobError JobSourceError",
    },
)
