"""Models of a role of a job: its pods, their image and their resources.

Source: CreateJob, API version 2020-12-03, and its Python SDK 1.11.6, which fills in no defaults. The private aliases
exist because the annotation of a field cannot name a class of the field's own name.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Number, Text

from .pod_spec import ExtraPodSpec


class ImageConfig(Description):
    """Credentials of a private image. Auth is the base64 form of ``user:password`` (assumed)."""

    DockerRegistry: Text | None = None
    Username: Text | None = None
    Password: Annotated[Text | None, Field(repr=False)] = None
    Auth: Annotated[Text | None, Field(repr=False)] = None


class ResourceConfig(Description):
    """Resources of each pod on a quota. All values are text: CPU ``"10"``, Memory ``"10Gi"``, GPU ``"3"``."""

    CPU: Text | None = None
    Memory: Text | None = None
    SharedMemory: Text | None = None
    GPU: Text | None = None
    GPUType: Text | None = None


class SpotSpec(Description):
    """Spot instances of the role's EcsSpec, with exactly one limit.

    SpotPriceLimit is in CNY per minute. SpotDiscountLimit is a fraction of the on-demand price, e.g. 0.8.
    """

    SpotStrategy: Text | None = None
    SpotPriceLimit: Number | None = None
    SpotDiscountLimit: Number | None = None


class ElasticSpotSpec(Description):
    """One of several spot instance types. SpotStrategy is LowestPrice or CapacityOptimized.

    The units differ from SpotSpec. SpotPriceLimit is in CNY per hour, by default the on-demand price.
    SpotDiscountLimit is in percent.
    """

    InstanceType: Text | None = None
    SpotStrategy: Text | None = None
    SpotPriceLimit: Number | None = None
    SpotDiscountLimit: Number | None = None


class SystemDisk(Description):
    """System disk. Size is in GiB (assumed)."""

    Category: Text | None = None
    PerformanceLevel: Text | None = None
    Size: Integer | None = None


class LocalMountSpec(Description):
    """Directory of the node that is mounted in its pods."""

    LocalPath: Text | None = None
    MountPath: Text | None = None
    MountMode: Text | None = None


class HyperNodeSpec(Description):
    """Hyper node, and some of its nodes. NodeNames are separated by commas."""

    HyperNodeName: Text | None = None
    NodeNames: Text | None = None


class AssignNodeSpec(Description):
    """Nodes of a quota that the pods run on, or do not run on. NodeNames are separated by commas."""

    EnableAssignNode: Boolean | None = None
    NodeNames: Text | None = None
    AntiAffinityNodeNames: Text | None = None
    HyperNodes: Annotated[list[HyperNodeSpec], Field(default_factory=list)]
    AntiAffinityHyperNodes: Annotated[list[HyperNodeSpec], Field(default_factory=list)]


class HyperNodeSchedulingConfig(Description):
    """Distribution of a role over hyper nodes."""

    MinAvailable: Integer | None = None
    QualityPolicy: Text | None = None


class AutoscalingMetricSpec(Description):
    """Metric that sets the number of pods. Tolerance is in percent, e.g. ``10%``."""

    MetricName: Text | None = None
    TargetValue: Integer | None = None
    Tolerance: Text | None = None
    StabilizationWindowSeconds: Integer | None = None


_AutoscalingMetricSpec: TypeAlias = AutoscalingMetricSpec


class AutoScalingSpec(Description):
    """Minimum and maximum number of pods of an elastic role."""

    MinReplicas: Integer | None = None
    MaxReplicas: Integer | None = None
    ScalingStrategy: Text | None = None
    PodsToDelete: Annotated[list[Text], Field(default_factory=list)]
    AutoscalingMetricSpec: Annotated[_AutoscalingMetricSpec, Field(default_factory=_AutoscalingMetricSpec)]


class ServiceSpec(Description):
    """Ports of a role. ServiceMode is PerPod (default) or PerRole."""

    ServiceMode: Text | None = None
    DefaultPort: Integer | None = None
    ExtraPorts: Annotated[list[Integer], Field(default_factory=list)]


class StartupDependency(Description):
    """Role that must reach OnPhase before this role starts."""

    Type: Text | None = None
    OnPhase: Text | None = None
    MinReplicas: Text | None = None


_ImageConfig: TypeAlias = ImageConfig
_ResourceConfig: TypeAlias = ResourceConfig
_SpotSpec: TypeAlias = SpotSpec
_SystemDisk: TypeAlias = SystemDisk
_AssignNodeSpec: TypeAlias = AssignNodeSpec
_HyperNodeSchedulingConfig: TypeAlias = HyperNodeSchedulingConfig
_AutoScalingSpec: TypeAlias = AutoScalingSpec
_ServiceSpec: TypeAlias = ServiceSpec
_ExtraPodSpec: TypeAlias = ExtraPodSpec


class JobSpec(Description):
    """Role: PodCount equal pods.

    On public resources, EcsSpec is the instance type. On a quota, ResourceConfig has the resources of each pod.
    """

    Type: Text | None = None
    PodCount: Integer | None = None
    Image: Text | None = None
    ImageConfig: Annotated[_ImageConfig, Field(default_factory=_ImageConfig)]
    UserCommand: Text | None = None
    EcsSpec: Text | None = None
    ResourceConfig: Annotated[_ResourceConfig, Field(default_factory=_ResourceConfig)]
    QuotaId: Text | None = None
    RestartPolicy: Text | None = None
    IsChief: Boolean | None = None
    # A misspelling in older versions of the API.
    IsCheif: Boolean | None = None
    ConsiderInSuccessPolicy: Boolean | None = None
    SpotSpec: Annotated[_SpotSpec, Field(default_factory=_SpotSpec)]
    ElasticSpotSpecs: Annotated[list[ElasticSpotSpec], Field(default_factory=list)]
    UseSpotInstance: Boolean | None = None
    OversoldType: Text | None = None
    Driver: Text | None = None
    SystemDisk: Annotated[_SystemDisk, Field(default_factory=_SystemDisk)]
    LocalMountSpecs: Annotated[list[LocalMountSpec], Field(default_factory=list)]
    StartupDependencies: Annotated[list[StartupDependency], Field(default_factory=list)]
    ServiceSpec: Annotated[_ServiceSpec, Field(default_factory=_ServiceSpec)]
    AutoScalingSpec: Annotated[_AutoScalingSpec, Field(default_factory=_AutoScalingSpec)]
    AssignNodeSpec: Annotated[_AssignNodeSpec, Field(default_factory=_AssignNodeSpec)]
    HyperNodeSchedulingConfig: Annotated[_HyperNodeSchedulingConfig, Field(default_factory=_HyperNodeSchedulingConfig)]
    ExtraPodSpec: Annotated[_ExtraPodSpec, Field(default_factory=_ExtraPodSpec)]
