"""Models of the machines of a task: automatic cluster, disks, networks, mounts.

Source: the CreateJob and create_cluster pages of the API and its Python SDK. The private aliases exist because a
field may not be annotated with a class of its own name.
"""

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from airflow_provider_bcs.description.model import Boolean, Description, Integer, Number, Text


class NAS(Description):
    """Access to NAS file systems."""

    AccessGroup: list[Text] | None = None
    FileSystem: list[Text] | None = None


class OSS(Description):
    """Keys for OSS mounts; the sources disagree on the name of the token, so the model has both."""

    AccessKeyId: Annotated[Text | None, Field(repr=False)] = None
    AccessKeySecret: Annotated[Text | None, Field(repr=False)] = None
    SecurityToken: Annotated[Text | None, Field(repr=False)] = None
    AccessSecurityToken: Annotated[Text | None, Field(repr=False)] = None


class MountEntry(Description):
    """Network directory or object (Source), and its path in an instance (Destination)."""

    Source: Text | None = None
    Destination: Text | None = None
    WriteSupport: Boolean | None = None


_NAS: TypeAlias = NAS
_OSS: TypeAlias = OSS


class Mounts(Description):
    """Mounts of an instance. Sizes in bytes, RefreshTimeOut in seconds."""

    Entries: Annotated[list[MountEntry], Field(default_factory=list)]
    Locale: Text | None = None
    Lock: Boolean | None = None
    CacheSupport: Boolean | None = None
    CacheBlockSize: Integer | None = None
    CacheTotalSize: Integer | None = None
    RefreshStrategy: Text | None = None
    RefreshTopicName: Text | None = None
    RefreshTimeOut: Number | None = None
    NasMetaCache: Boolean | None = None
    NAS: Annotated[_NAS, Field(default_factory=_NAS)]
    OSS: Annotated[_OSS, Field(default_factory=_OSS)]


class SystemDisk(Description):
    """System disk of a machine; Size in GB."""

    Type: Text | None = None
    Size: Integer | None = None


class DataDisk(Description):
    """Data disk of a machine; Size in GB."""

    Type: Text | None = None
    Size: Integer | None = None
    MountPoint: Text | None = None


_SystemDisk: TypeAlias = SystemDisk
_DataDisk: TypeAlias = DataDisk


class Disks(Description):
    """Disks of a machine."""

    SystemDisk: Annotated[_SystemDisk, Field(default_factory=_SystemDisk)]
    DataDisk: Annotated[_DataDisk, Field(default_factory=_DataDisk)]


class Classic(Description):
    """Rules of the classic network."""

    AllowIpAddress: list[Text] | None = None
    AllowIpAddressEgress: list[Text] | None = None
    AllowSecurityGroup: list[Text] | None = None
    AllowSecurityGroupEgress: list[Text] | None = None


class VPC(Description):
    """Virtual private cloud; the six fields Opposite... and Express... connect it to another one and go together."""

    CidrBlock: Text | None = None
    VpcId: Text | None = None
    ExpressConnectSpec: Text | None = None
    OppositeRegionId: Text | None = None
    OppositeAccessPointId: Text | None = None
    OppositeRouterType: Text | None = None
    OppositeRouterId: Text | None = None
    OppositeInterfaceId: Text | None = None


_Classic: TypeAlias = Classic
_VPC: TypeAlias = VPC


class Networks(Description):
    """Network of a cluster."""

    Classic: Annotated[_Classic, Field(default_factory=_Classic)]
    VPC: Annotated[_VPC, Field(default_factory=_VPC)]


_Disks: TypeAlias = Disks
_Mounts: TypeAlias = Mounts
_Networks: TypeAlias = Networks


class Configs(Description):
    """Disks, mounts and network of a cluster."""

    Disks: Annotated[_Disks, Field(default_factory=_Disks)]
    Mounts: Annotated[_Mounts, Field(default_factory=_Mounts)]
    Networks: Annotated[_Networks, Field(default_factory=_Networks)]

    def add_system_disk(self, size: int, type_: str = "cloud") -> None:
        """Set the size, in GB, and the type of the system disk."""
        self.Disks.SystemDisk = SystemDisk(Size=size, Type=type_)

    def add_data_disk(self, size: int, type_: str = "cloud", mount_point: str = "") -> None:
        """Set the size, in GB, the type and the mount point of the data disk."""
        self.Disks.DataDisk = DataDisk(Size=size, Type=type_, MountPoint=mount_point or None)


_Configs: TypeAlias = Configs


class AutoCluster(Description):
    """Cluster that the service creates for a task and releases at its end; SpotPriceLimit for one instance and hour."""

    InstanceType: Text | None = None
    ImageId: Text | None = None
    ECSImageId: Text | None = None
    ResourceType: Text | None = None
    SpotStrategy: Text | None = None
    SpotPriceLimit: Number | None = None
    UserData: Annotated[dict[str, Any], Field(repr=False, default_factory=dict)]
    Configs: Annotated[_Configs, Field(default_factory=_Configs)]
    ReserveOnFail: Boolean | None = None
    ClusterId: Text | None = None
    DependencyIsvService: Text | None = None
