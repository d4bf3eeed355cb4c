"""Models of a role of a job: its pods, their image, and their resources.

Source: CreateJob, API version 2020-12-03, and its Python SDK 1.11.6, which fills in no defaults. The private aliases
exist because the annotation of a field cannot name a class of the field's own name.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Number, Text

from .pod_spec import ExtraPodSpec


class ImageConfig(Description):
    """Access to a private image. Auth is base64 of ``user:password`` (assumed)."""

    DockerRegistry: Text | None = None
    Username: Text | None = None
    Password: Annotated[Text | None, Field(repr=False)] = None
    Auth: Annotated[Text | None, Field(repr=False)] = None


class ResourceConfig(Description):
    """Resources of each pod on a quota, as texts: CPU ``"10"``, Memory ``"10Gi"``, GPU ``"3"``."""

    CPU: Text | None = None
    Memory: Text | None = None
    SharedMemory: Text | None = None
    GPU: Text | None = None
    GPUType: Text | None = None


class SpotSpec(Description):
    """Spot instances of the role's EcsSpec, with exactly one limit.

    SpotPriceLimit is a price in CNY a minute, SpotDiscountLimit a fraction of the on-demand price such as 0.8.
    """

    SpotStrategy: Text | None = None
    SpotPriceLimit: Number | None = None
    SpotDiscountLimit: Number | None = None


class ElasticSpotSpec(Description):
    """One of several spot instance types. SpotStrategy is LowestPrice or CapacityOptimized.

    Unlike in SpotSpec, SpotPriceLimit is a price an hour (default: the on-demand price), SpotDiscountLimit in percent.
    """

    InstanceType: Text | None = None
    SpotStrategy: Text | None = None
    SpotPriceLimit: Number | None = None
    SpotDiscountLimit: Number | None = None


class SystemDisk(Description):
    """System disk; Size in GiB (assumed)."""

    Category: Text | None = None
    PerformanceLevel: Text | None = None
    Size: Integer | None = None


class LocalMountSpec(Description):
    """Directory of the node that is mounted into its pods."""

    LocalPath: Text | None = None
    MountPath: Text | None = None
    MountMode: Text | None = None


class HyperNodeSpec(Description):
    """Hyper node, and the names of some of its nodes with commas between them."""

    HyperNodeName: Text | None = None
    NodeNames: Text | None = None


class AssignNodeSpec(Description):
    """Nodes of a quota to run on or to avoid; names have commas between them."""

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
    """Metric that the number of pods follows; Tolerance is a percentage such as ``10%``."""

    MetricName: Text | None = None
    TargetValue: Integer | None = None
    Tolerance: Text | None = None
    StabilizationWindowSeconds: Integer | None = None


_AutoscalingMetricSpec: TypeAlias = AutoscalingMetricSpec


class AutoScalingSpec(Description):
    """Least and greatest number of pods of an elastic role."""

    MinReplicas: Integer | None = None
    MaxReplicas: Integer | None = None
    ScalingStrategy: Text | None = None
    PodsToDelete: Annotated[list[Text], Field(default_factory=list)]
    AutoscalingMetricSpec: Annotated[_AutoscalingMetricSpec, Field(default_factory=_AutoscalingMetricSpec)]


class ServiceSpec(Description):
    """Ports of a role. ServiceMode is PerPod (the service's default) or PerRole."""

    ServiceMode: Text | None = None
    DefaultPort: Integer | None = None
    ExtraPorts: Annotated[list[Integer], Field(default_factory=list)]


class StartupDependency(Description):
    """Role that must reach a phase before this role starts."""

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

    On public resources EcsSpec names an instance type, on a quota ResourceConfig names the resources of a pod.
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
    # An old misspelling in the API.
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
