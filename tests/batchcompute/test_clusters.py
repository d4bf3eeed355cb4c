"""Descriptions of clusters and images: models, and the rules of their tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.batchcompute import (
    ClusterDescription,
    Configs,
    GroupDescription,
    ImageDescription,
    validate_cluster,
    validate_image,
)
from airflow_provider_bcs.batchcompute.cluster.rules import CLUSTER, IMAGE, validate_cluster_change
from tests.batchcompute.clusters import cluster, group, image
from tests.batchcompute.jobs import put, without
from tests.batchcompute.test_rules import fields_of_models, fields_of_rules, json_values

VPC = "Configs.Networks.VPC"


def test_a_cluster_built_as_the_vendor_documents_it():
    description, machines, configs = ClusterDescription(), GroupDescription(), Configs()
    machines.DesiredVMCount = 1
    machines.InstanceType = "ecs.t1.small"
    description.add_group("group1", machines)
    configs.add_system_disk(40, "ephemeral")
    configs.add_data_disk(40, "ephemeral")
    description.Configs = configs
    description.Name = "BatchcomputePythonSDK"
    description.ImageId = "m-28ega"
    machines.SpotStrategy = "SpotAsPriceGo"
    assert description.Configs.Disks.SystemDisk.Type == "ephemeral"
    assert description.get_group("group1") is machines
    assert validate_cluster(description) == []
    assert description.detail() == {
        "Name": "BatchcomputePythonSDK",
        "ImageId": "m-28ega",
        "Groups": {
            "group1": {
                "DesiredVMCount": 1,
                "InstanceType": "ecs.t1.small",
                "ResourceType": "OnDemand",
                "SpotStrategy": "SpotAsPriceGo",
            }
        },
        "Configs": {
            "Disks": {"SystemDisk": {"Type": "ephemeral", "Size": 40}, "DataDisk": {"Type": "ephemeral", "Size": 40}}
        },
    }
    description.delete_group("group1")
    with pytest.raises(KeyError):
        description.get_group("group1")


@pytest.mark.parametrize(
    ("path", "value", "code", "message"),
    [
        ("Name", 3, "InvalidName", "Its type must be string."),
        ("Name", "x" * 65, "InvalidName", "Its length must be in [1, 64]."),
        ("Name", "1a", "InvalidName", "and must not start with [0-9]."),
        ("Nmae", "x", "InvalidNmae", ""),
        ("Groups", [], "InvalidGroups", "Its type must be object."),
        ("Groups", {}, "InvalidGroups", ""),
        ("Groups.group1.DesiredVMCount", "3", "InvalidDesiredVMCount", "Its type must be integer."),
        ("Groups.group1.DesiredVMCount", 65537, "InvalidDesiredVMCount", "It must be in [1, 65536]."),
        ("Groups.group1.DesiredVMCount", -1, "InvalidDesiredVMCount", "It must be in [1, 65536]."),
        ("Groups.group1.ResourceType", "Cheap", "InvalidResourceType", ""),
        ("Groups.group1.SpotPriceLimit", 0.1234, "InvalidSpotPriceLimit", ""),
        ("Configs.Disks", {"SystemDisk": {"Size": 39}}, "InvalidSize", "It must be in [40, 500]."),
        ("Configs.Disks", {"DataDisk": {"Size": 1025}}, "InvalidSize", "It must be in [5, 1024]."),
        ("Configs.Disks", {"SystemDisk": {"Type": "cloud"}, "DataDisk": {"Type": "ephemeral"}}, "InvalidType", ""),
        ("Configs.Mounts", {"Entries": [{"Source": "ftp://b/x/"}]}, "InvalidSource", ""),
        ("Notification.Topic", {"Events": ["OnJobFinished"]}, "InvalidEvents", ""),
        ("PasswordInherit", "yes", "InvalidPasswordInherit", "Its type must be boolean."),
    ],
)
def test_one_wrong_value_gives_one_violation(path, value, code, message):
    (found,) = validate_cluster(put(cluster(), path, value))
    assert found.code == code
    assert found.message.startswith(f"Specified parameter {code.removeprefix('Invalid')} is not valid.")
    assert found.message.endswith(message)


@pytest.mark.parametrize("path", ["Name", "ImageId", "Groups", "Groups.group1.DesiredVMCount"])
def test_what_has_to_be_there(path):
    name = path.rpartition(".")[2]
    (found,) = validate_cluster(without(cluster(), path))
    assert (found.path, found.code, found.message) == (path, f"Missing{name}", f"{name} is mandatory for this action.")


def test_the_code_of_a_half_connected_vpc_is_a_path():
    found = validate_cluster(put(cluster(), VPC, {"ExpressConnectSpec": "Small.1", "OppositeRegionId": "cn-beijing"}))
    assert [item.code for item in found] == [f"Missing{VPC}.OppositeRouterId", f"Missing{VPC}.OppositeAccessPointId"]
    assert found[0].message == f"{VPC}.OppositeRouterId is mandatory for this action."
    assert validate_cluster(put(cluster(), VPC, {"CidrBlock": "192.168.0.0/16"})) == []


def test_all_violations_at_once_and_templates_are_left_alone():
    wrong = cluster({"g": {"DesiredVMCount": "{{ params.n }}", "Colour": 1}, "1": group()}, Name="{{ ds }}")
    assert {item.path for item in validate_cluster(wrong)} == {"Groups.g.Colour", "Groups.1"}
    assert {item.path for item in validate_cluster(wrong, templates=False)} == {
        *("Name", "Groups.g.Colour", "Groups.1", "Groups.g.DesiredVMCount")
    }


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"Groups": {"g": {"DesiredVMCount": 0}}}, []),
        ({"Groups": {"g": {"InstanceType": "x", "SpotStrategy": "SpotAsPriceGo", "SpotPriceLimit": 0.5}}}, []),
        ({"UserData": {"a": 1}, "EnvVars": {"A": "1"}, "ImageId": "m-1", "InputMapping": {}}, []),
        ({"Configs": {"Mounts": {"Entries": [{"Source": "oss://b/x/", "Destination": "/home/x/"}]}}}, []),
        ({"Groups": {"g": {"ResourceType": "Spot"}}}, ["InvalidResourceType"]),
        ({"Name": "x"}, ["InvalidName"]),
        ({"Configs": {"Disks": {}}}, ["InvalidDisks"]),
        ({"Configs": {"Mounts": {"Lock": 1}}}, ["InvalidLock"]),
    ],
)
def test_what_a_cluster_can_be_changed_to(change, codes):
    assert [item.code for item in validate_cluster_change(change)] == codes


def test_images():
    assert validate_image(ImageDescription(image(Description="x"))) == []
    assert [item.code for item in validate_image({"Platform": "Plan9"})] == [
        *("MissingName", "MissingEcsImageId", "InvalidPlatform")
    ]


@given(st.sampled_from(["Groups", "Groups.group1", "Configs", "Configs.Disks", VPC, "UserData"]), json_values)
def test_no_json_value_anywhere_makes_the_rules_themselves_fail(path, value):
    description = put(cluster(), path, value)
    # For the rules an empty text is an absent value; the typed models want the value's own type.
    if not validate_cluster(description, templates=False) and value != "":
        ClusterDescription(description)


@pytest.mark.parametrize(("table", "model"), [(CLUSTER, ClusterDescription), (IMAGE, ImageDescription)])
def test_rules_and_models_know_the_same_fields(table, model):
    assert set(fields_of_rules(table._root)) == set(fields_of_models(model))
