"""Models of a job's Settings.

Source: CreateJob, API version 2020-12-03, and its Python SDK 1.11.6, which fills in no defaults. The private aliases
exist because a field may not be annotated with a class of its own name.
"""

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Text


class ResourceLimit(Description):
    """The most that a data processing job may take; the forms are those of ResourceConfig."""

    CPU: Text | None = None
    Memory: Text | None = None
    GPU: Text | None = None


_ResourceLimit: TypeAlias = ResourceLimit


class DataJuicerConfig(Description):
    """How a DataJuicerJob runs. CommandType shell or config, ExecutionMode standalone or distributed."""

    CommandType: Text | None = None
    ExecutionMode: Text | None = None
    EnableResourceEstimation: Boolean | None = None
    ResourceLimit: Annotated[_ResourceLimit, Field(default_factory=_ResourceLimit)]


class ModelTemplate(Description):
    """The template that a model is taken from."""

    Collections: Text | None = None
    ModelName: Text | None = None
    Provider: Text | None = None


_ModelTemplate: TypeAlias = ModelTemplate


class ModelConfig(Description):
    """The model of a joint training."""

    ModelName: Text | None = None
    ModelTemplate: Annotated[_ModelTemplate, Field(default_factory=_ModelTemplate)]


_DataJuicerConfig: TypeAlias = DataJuicerConfig
_ModelConfig: TypeAlias = ModelConfig


class JobSettings(Description):
    """What a job asks of the service besides its pods.

    Tags are what lists of jobs are filtered by. Its pods are kept for JobReservedMinutes after the end, when
    JobReservedPolicy (Always, OnFailure, OnSucceed) says so. TerminationGracePeriodSeconds pass between SIGTERM
    and SIGKILL. Shell is what runs UserCommand, such as ``/bin/bash``.
    """

    Tags: Annotated[dict[str, Text], Field(default_factory=dict)]
    JobReservedMinutes: Integer | None = None
    JobReservedPolicy: Text | None = None
    TerminationGracePeriodSeconds: Integer | None = None
    Shell: Text | None = None
    EnableErrorMonitoringInAIMaster: Boolean | None = None
    ErrorMonitoringArgs: Text | None = None
    EnableSanityCheck: Boolean | None = None
    SanityCheckArgs: Text | None = None
    ElasticSpotJobMaxRestartTimes: Integer | None = None
    OversoldType: Text | None = None
    Driver: Text | None = None
    EnableRDMA: Boolean | None = None
    AllocateAllRDMADevices: Boolean | None = None
    EnableCPUAffinity: Boolean | None = None
    EnableTideResource: Boolean | None = None
    EnableOssAppend: Boolean | None = None
    EnableDSWDev: Boolean | None = None
    AllowUnschedulableNodes: Boolean | None = None
    DisableEcsStockCheck: Boolean | None = None
    # In no documentation, but in answers of the service, which authors copy from.
    EnablePreemptibleJob: Boolean | None = None
    EnablePriorityPreemption: Boolean | None = None
    Caller: Text | None = None
    BusinessUserId: Text | None = None
    PipelineId: Text | None = None
    DataJuicerConfig: Annotated[_DataJuicerConfig, Field(default_factory=_DataJuicerConfig)]
    ModelConfig: Annotated[_ModelConfig, Field(default_factory=_ModelConfig)]
    AdvancedSettings: Annotated[dict[str, Any], Field(default_factory=dict)]
