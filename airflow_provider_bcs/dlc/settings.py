"""Models of the field Settings of a job.

Source: CreateJob, API version 2020-12-03, and its Python SDK 1.11.6, which fills in no defaults. The private aliases
exist because the annotation of a field cannot name a class of the field's own name.
"""

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Text


class ResourceLimit(Description):
    """Maximum resources of a DataJuicerJob, in the form of ResourceConfig."""

    CPU: Text | None = None
    Memory: Text | None = None
    GPU: Text | None = None


_ResourceLimit: TypeAlias = ResourceLimit


class DataJuicerConfig(Description):
    """Configuration of a DataJuicerJob. CommandType is shell or config, ExecutionMode standalone or distributed."""

    CommandType: Text | None = None
    ExecutionMode: Text | None = None
    EnableResourceEstimation: Boolean | None = None
    ResourceLimit: Annotated[_ResourceLimit, Field(default_factory=_ResourceLimit)]


class ModelTemplate(Description):
    """Template of a model."""

    Collections: Text | None = None
    ModelName: Text | None = None
    Provider: Text | None = None


_ModelTemplate: TypeAlias = ModelTemplate


class ModelConfig(Description):
    """Model of a joint training."""

    ModelName: Text | None = None
    ModelTemplate: Annotated[_ModelTemplate, Field(default_factory=_ModelTemplate)]


_DataJuicerConfig: TypeAlias = DataJuicerConfig
_ModelConfig: TypeAlias = ModelConfig


class JobSettings(Description):
    """Settings of a job.

    ListJobs filters by Tags. The service keeps the pods for JobReservedMinutes after the end, as JobReservedPolicy
    (Always, OnFailure or OnSucceed) says. TerminationGracePeriodSeconds is the time between SIGTERM and SIGKILL. Shell
    is the program that runs UserCommand, e.g. ``/bin/bash``.
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
    # The next two fields are undocumented, but occur in responses of GetJob, from which authors copy.
    EnablePreemptibleJob: Boolean | None = None
    EnablePriorityPreemption: Boolean | None = None
    Caller: Text | None = None
    BusinessUserId: Text | None = None
    PipelineId: Text | None = None
    DataJuicerConfig: Annotated[_DataJuicerConfig, Field(default_factory=_DataJuicerConfig)]
    ModelConfig: Annotated[_ModelConfig, Field(default_factory=_ModelConfig)]
    AdvancedSettings: Annotated[dict[str, Any], Field(default_factory=dict)]
