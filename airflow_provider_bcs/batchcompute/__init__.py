"""The BatchCompute client: models of job descriptions, their rules, and every operation. Knows nothing of Airflow.

Names are imported when first used, so that a DAG file which only validates a job does not pay for HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_bcs.lazy import lazy_names

if TYPE_CHECKING:
    from airflow_provider_bcs.description.violation import JobWarning as JobWarning
    from airflow_provider_bcs.description.violation import Violation as Violation
    from airflow_provider_bcs.exceptions import InvalidJobError as InvalidJobError
    from airflow_provider_bcs.exceptions import JobSourceError as JobSourceError

    from .app_description import AppConfig as AppConfig
    from .app_description import AppDescription as AppDescription
    from .app_description import AppDocker as AppDocker
    from .app_description import AppJob as AppJob
    from .app_description import AppJobConfig as AppJobConfig
    from .app_description import AppLogging as AppLogging
    from .app_description import AppParameter as AppParameter
    from .app_description import AppSetting as AppSetting
    from .app_description import AppVM as AppVM
    from .app_description_rules import validate_app as validate_app
    from .client import Client as Client
    from .cluster import NAS as NAS
    from .cluster import OSS as OSS
    from .cluster import VPC as VPC
    from .cluster import AutoCluster as AutoCluster
    from .cluster import Classic as Classic
    from .cluster import Configs as Configs
    from .cluster import DataDisk as DataDisk
    from .cluster import Disks as Disks
    from .cluster import MountEntry as MountEntry
    from .cluster import MountPoint as MountPoint
    from .cluster import Mounts as Mounts
    from .cluster import Networks as Networks
    from .cluster import SystemDisk as SystemDisk
    from .cluster_description import ClusterDescription as ClusterDescription
    from .cluster_description import GroupDescription as GroupDescription
    from .cluster_description import ImageDescription as ImageDescription
    from .cluster_rules import validate_cluster as validate_cluster
    from .cluster_rules import validate_image as validate_image
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
    from .legacy import from_v1 as from_v1
    from .legacy import is_legacy as is_legacy
    from .legacy_fields import v1_path as v1_path
    from .resources import App as App
    from .resources import AppDetail as AppDetail
    from .resources import AppRevision as AppRevision
    from .resources import AvailableInstanceType as AvailableInstanceType
    from .resources import AvailableResource as AvailableResource
    from .resources import Cluster as Cluster
    from .resources import ClusterInstance as ClusterInstance
    from .resources import ClusterMetrics as ClusterMetrics
    from .resources import CreatedApp as CreatedApp
    from .resources import Group as Group
    from .resources import Image as Image
    from .resources import NetworkSupport as NetworkSupport
    from .resources import ResourceQuotas as ResourceQuotas
    from .response import AppResult as AppResult
    from .response import Created as Created
    from .response import Error as Error
    from .response import Instance as Instance
    from .response import Job as Job
    from .response import Metrics as Metrics
    from .response import Result as Result
    from .response import Task as Task
    from .source import read_job as read_job
    from .validation import job_warnings as job_warnings
    from .validation import validate_job as validate_job

__all__, __getattr__ = lazy_names(
    __name__,
    {
        ".app_description": "AppConfig AppDescription AppDocker AppJob AppJobConfig AppLogging AppParameter AppSetting"
        " AppVM",
        ".app_description_rules": "validate_app",
        ".client": "Client",
        ".cluster": "AutoCluster Classic Configs DataDisk Disks MountEntry MountPoint Mounts NAS Networks"
        " OSS SystemDisk VPC",
        ".cluster_description": "ClusterDescription GroupDescription ImageDescription",
        ".cluster_rules": "validate_cluster validate_image",
        ".facts": "Quotas",
        ".instance_types": "INSTANCE_TYPES",
        ".job": "Command DAG Docker InputMappingConfig JobDescription Notification Parameters TaskDescription Topic",
        ".legacy": "from_v1 is_legacy",
        ".legacy_fields": "v1_path",
        ".resources": "App AppDetail AppRevision AvailableInstanceType AvailableResource Cluster ClusterInstance"
        " ClusterMetrics CreatedApp Group Image NetworkSupport ResourceQuotas",
        ".response": "AppResult Created Error Instance Job Metrics Result Task",
        ".source": "read_job",
        ".validation": "job_warnings validate_job",
        "airflow_provider_bcs.description.violation": "JobWarning Violation",
        "airflow_provider_bcs.exceptions": "InvalidJobError JobSourceError",
    },
)
