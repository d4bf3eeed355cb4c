"""What is valid in a CreateJob body but may not do what its author expects."""

from __future__ import annotations

import pytest

from airflow_provider_bcs.dlc.rules import job_warnings
from tests.dlc.bodies import ABSENT, body, changed, role

R = "JobSpecs.0"
SPOT = {"SpotStrategy": "SpotWithPriceLimit", "SpotPriceLimit": 0.5}
CONFIG = {"CPU": "2", "Memory": "4Gi"}
PENDING = "{{ params.x }}"


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"ElasticSpec": {"EnableElasticTraining": True}}, "ElasticSpec: the service ignores"),
        ({"DebuggerConfigContent": "x"}, "DebuggerConfigContent: the service ignores"),
        ({"DataSources": [{"Uri": "oss://bucket/x/", "MountPath": "/x"}]}, "DataSources.0.Uri: found a bucket without"),
        ({"UserVpc": {"SwitchId": "vsw-1"}}, "UserVpc.ExtendedCIDRs: found none with a SwitchId"),
        ({"SuccessPolicy": "AllWorkers"}, "SuccessPolicy: found with JobType PyTorchJob"),
        (
            {"JobSpecs": [role(), role(Type="Master", PodCount=0)]},
            "JobSpecs.1.PodCount: found 0; the role has no pods.",
        ),
        ({"UserCommand": ABSENT}, "JobSpecs.0.UserCommand: found no command; the pods run the image's own program."),
        ({"UserCommand": "  \n"}, "JobSpecs.0.UserCommand: found no command"),
        ({"UserCommand": "", f"{R}.UserCommand": " "}, "JobSpecs.0.UserCommand: found no command"),
        (
            {"Settings": {"QuotaInstanceTypes": ["x"]}},
            "Settings.QuotaInstanceTypes: found a field that is not known here",
        ),
        (
            {"DataSources": [{"Uri": "nas://fs.cn-x/d", "MountPath": "/x"}]},
            "DataSources.0.Uri: found NAS without UserVpc",
        ),
        ({"Priority": 5}, "Priority: found without a ResourceId"),
        ({"JobType": "TFJob", f"{R}.SpotSpec": SPOT}, "expected JobType PyTorchJob or MPIJob"),
        ({"JobType": "TFJob", f"{R}.UseSpotInstance": True}, "expected JobType PyTorchJob or MPIJob"),
        (
            {"JobType": "TFJob", f"{R}.ElasticSpotSpecs": [{"InstanceType": "x"}]},
            "expected JobType PyTorchJob or MPIJob",
        ),
        ({f"{R}.SpotSpec": {**SPOT, "SpotPriceLimit": 28}}, "found 28, which may be a price per hour"),
        (
            {f"{R}.SpotSpec": {"SpotStrategy": "SpotWithPriceLimit", "SpotDiscountLimit": 80}},
            "found 80, which may be percent",
        ),
        ({f"{R}.ElasticSpotSpecs": [{"SpotPriceLimit": 0.004}]}, "found 0.004, which may be a price per minute"),
        ({f"{R}.ElasticSpotSpecs": [{"SpotDiscountLimit": 0.9}]}, "found 0.9, which may be a fraction"),
    ],
)
def test_warnings(changes, part):
    (text,) = job_warnings(changed(body(), changes))
    assert part in text


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ElasticSpec": {}, "DebuggerConfigContent": ""},
        {"ResourceId": "quota1", f"{R}.EcsSpec": ABSENT, f"{R}.ResourceConfig": CONFIG, "Priority": 5},
        {"JobSpecs": [role(), role(Type="Master", QuotaId="quota1", EcsSpec="", ResourceConfig=CONFIG)], "Priority": 5},
        {f"{R}.SpotSpec": {"SpotStrategy": "SpotWithPriceLimit", "SpotDiscountLimit": 1}},
        {"TemplateId": "tpl1"},
        {"TemplateId": "tpl1", "UserCommand": ABSENT},
        {"UserVpc": {"SwitchId": PENDING}},
        {"DataSources": [{"Uri": "nas://fs.cn-x/d", "MountPath": "/x"}], "UserVpc": {"VpcId": "vpc-1"}},
        {"DataSources": [{"Uri": "nas://fs.cn-x/d", "MountPath": "/x"}], "UserVpc": PENDING},
        {"JobType": "TFJob", "SuccessPolicy": "AllWorkers"},
        {"UserCommand": ABSENT, f"{R}.UserCommand": "echo"},
        {f"{R}.SystemDisk": {}, "Settings": {}},
        {"JobType": "MPIJob", f"{R}.SpotSpec": SPOT},
        {"JobType": PENDING, f"{R}.SpotSpec": {"SpotStrategy": PENDING, "SpotPriceLimit": PENDING}},
        {f"{R}.ElasticSpotSpecs": [{"SpotPriceLimit": 3.5, "SpotDiscountLimit": 90}]},
    ],
)
def test_nothing_to_warn_of(changes):
    assert job_warnings(changed(body(), changes)) == []
