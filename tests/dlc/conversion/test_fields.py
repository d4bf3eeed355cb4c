"""Each field of a BatchCompute job is carried over to PAI-DLC, or is an error that names it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

from airflow_provider_bcs.batchcompute import JobDescription, TaskDescription
from airflow_provider_bcs.container import Lost
from airflow_provider_bcs.description.model import Description
from airflow_provider_bcs.dlc.conversion import FIELDS, Options, convert
from tests.batchcompute.jobs import job, put, task

PAGE = Path(__file__).parents[3] / "docs" / "run-on-dlc.md"
OPTIONS = {"images": {"img-ubuntu": "python:3.11"}, "instance_types": {"bcs.a2.large": "ecs.g6.large"}}
CLUSTER = {"ImageId": "img-ubuntu", "InstanceType": "bcs.a2.large"}
#: A value of each field that is lost, which says something.
VALUES: dict[str, Any] = {
    "Notification": {"Topic": {"Name": "t", "Endpoint": "http://1.mns.x.aliyuncs.com/", "Events": ["OnJobFailed"]}},
    "App": {"Name": "a"},
    "Locale": "GBK",
    "Lock": True,
    "WriteSupport": True,
    "CacheSupport": True,
    "NasMetaCache": True,
    "CacheBlockSize": 1,
    "CacheTotalSize": 1,
    "RefreshTimeOut": 1.5,
    "NAS": {"FileSystem": ["x"]},
    "OSS": {"AccessKeySecret": "hush"},
    "UserData": {"a": "hush"},
    "CredentialConfig": {"ServiceRole": "hush"},
    "DataDisk": {"Size": 10, "MountPoint": "/data"},
    "Classic": {"AllowIpAddress": ["1.2.3.4"]},
    "VPC": {"CidrBlock": "10.0.0.0/8"},
}


OSS_MOUNT = {"Source": "oss://bucket/m/", "Destination": "/mnt/m/"}
NAS_MOUNT = {"Source": "nas://0abc-x.cn-x.nas.aliyuncs.com:/m/", "Destination": "/mnt/m/"}


def model_of(annotation: Any) -> type[Description] | None:
    if isinstance(annotation, type) and issubclass(annotation, Description):
        return annotation
    inner = get_args(annotation) if get_origin(annotation) is not dict else ()
    return next(filter(None, map(model_of, inner)), None)


def leaves(model: type[Description], path: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        here = f"{path}.{name}" if path else name
        inner = model_of(field.annotation)
        if inner is None or here in FIELDS.fates:
            yield here
        else:
            yield from leaves(inner, here)


def test_every_field_of_the_models_is_in_the_table_and_none_besides():
    fields = {*leaves(JobDescription), *leaves(TaskDescription)} - {"DAG.Tasks"}
    assert fields == set(FIELDS.fates)


def placed(path: str, value: Any) -> dict[str, Any]:
    content = job({"count": task("echo hi", AutoCluster=dict(CLUSTER), ClusterId="")})
    of_task = path.split(".")[0] in TaskDescription.model_fields
    target = content["DAG"]["Tasks"]["count"]
    if path == "WriteSupport" or "InputMappingConfig" in path:
        target["InputMapping"] = {"oss://b/in/": "/home/in/"}
    elif "Mounts." in path and not path.endswith(".Entries"):
        put(target, f"{path.rpartition('.')[0]}.Entries", [NAS_MOUNT if "NAS" in path or "Nas" in path else OSS_MOUNT])
    return put(target if of_task else content, path, value) and content


LOST = [path for path, fate in FIELDS.fates.items() if isinstance(fate, Lost)]


@pytest.mark.parametrize("path", LOST)
def test_what_is_lost_is_an_error_unless_ignored(path):
    value = VALUES.get(path.rpartition(".")[2], "something")
    description = placed(path, value)
    (found,) = convert(description, Options(**OPTIONS)).violations
    assert found.path == (path if path in ("Notification", "App") else f"DAG.Tasks.count.{path}")
    assert f"or {path!r} in ignore." in found.advice
    assert "hush" not in str(found)
    assert convert(description, Options(**OPTIONS, ignore=[path])).violations == []
    parent = path.rpartition(".")[0]
    if parent not in ("", "AutoCluster"):
        assert convert(description, Options(**OPTIONS, ignore=[parent])).violations == []


@pytest.mark.parametrize("path", LOST)
@pytest.mark.parametrize("nothing", [None, "", {}, False])
def test_what_says_nothing_is_no_error(path, nothing):
    assert convert(placed(path, nothing), Options(**OPTIONS)).violations == []


def test_all_errors_come_at_once():
    description = job({"count": task("'", AutoCluster={"ImageId": "x", "InstanceType": "y", "UserData": {"a": 1}})})
    description["DAG"]["Tasks"]["count"]["Parameters"]["Command"]["PackagePath"] = "oss://b/p.rar"
    found = [item.path.removeprefix("DAG.Tasks.count.") for item in convert(description, Options()).violations]
    assert set(found) == {
        "AutoCluster.UserData",
        "ClusterId",
        "Parameters.Command.CommandLine",
        "Parameters.Command.PackagePath",
        "AutoCluster.ImageId",
        "AutoCluster.InstanceType",
    }


def test_replacements_in_dlc_job():
    description = placed("AutoCluster.Configs.Networks.VPC.VpcId", "vpc-1")
    extra = {"UserVpc": {"VpcId": "vpc-1", "SecurityGroupId": "sg-1"}}
    body, violations = convert(description, Options(**OPTIONS, dlc_job=extra))
    assert violations == []
    assert body["UserVpc"] == extra["UserVpc"]


def test_ignore_names_fields():
    description = placed("AutoCluster.UserData", {"a": "b"})
    assert convert(description, Options(**OPTIONS, ignore=["DAG.Tasks.count.AutoCluster.UserData"])).violations == []
    assert convert(description, Options(**OPTIONS, ignore=["DAG.Tasks.other.AutoCluster.UserData"])).violations
    # No conversion can do without these.
    for path in ("Name", "DAG", "DAG.Tasks", "Parameters", "Parameters.Command.CommandLine", "InstanceCount"):
        assert convert(placed("Timeout", 60), Options(**OPTIONS, ignore=[path])).violations == []
    with pytest.raises(ValueError, match="ignore: found the text"):
        Options(ignore="AutoCluster.UserData")


def test_the_page_names_every_field():
    page = PAGE.read_text()
    for path in FIELDS.fates:
        short = path.replace("AutoCluster.Configs.Mounts.", "Mounts.").replace("Parameters.", "")
        assert f"`{short}`" in page, short


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("WriteSupport", True),
        ("Parameters.InputMappingConfig", {"Lock": True, "Locale": "GBK"}),
        ("Mounts", {"Entries": [], "CacheSupport": True, "CacheBlockSize": 2097152, "Lock": True}),
        ("AutoCluster.Configs.Mounts", {"CacheSupport": True, "NAS": {"FileSystem": ["x"]}}),
        # The range that the vendor's tools write into each job, whether its author names a network or not.
        ("AutoCluster.Configs.Networks", {"VPC": {"CidrBlock": "192.168.0.0/16"}}),
        ("AutoCluster.Configs.Networks", {"Classic": {"AllowIpAddress": []}, "VPC": {"VpcId": "", "CidrBlock": ""}}),
        ("AutoCluster.Configs.Disks", {"DataDisk": {"Type": "cloud", "Size": 0, "MountPoint": ""}}),
        ("Mounts", {"Entries": [OSS_MOUNT], "CacheBlockSize": 0, "CacheTotalSize": 0, "RefreshTimeOut": 0.0}),
        # No mount is one of NAS, and none of the object store.
        ("Mounts", {"Entries": [OSS_MOUNT], "NAS": {"FileSystem": ["x"], "AccessGroup": ["y"]}, "NasMetaCache": True}),
        ("Mounts", {"Entries": [NAS_MOUNT], "OSS": {"AccessKeyId": "x", "AccessKeySecret": "hush"}}),
    ],
)
def test_what_says_nothing_in_this_task_loses_nothing(path, value):
    description = job({"count": task("echo hi", AutoCluster=dict(CLUSTER), ClusterId="")})
    put(description["DAG"]["Tasks"]["count"], path, value)
    assert convert(description, Options(**OPTIONS)).violations == []
