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
        ({"ElasticSpec": {"EnableElasticTraining": True}}, "ElasticSpec has no effect"),
        ({"DebuggerConfigContent": "x"}, "DebuggerConfigContent has no effect"),
        ({"DataSources": [{"Uri": "oss://b/x/", "MountPath": "/x"}]}, "DataSources.0.Uri names a bucket without"),
        ({"Priority": 5}, "Priority has no effect without a ResourceId"),
        ({"JobType": "TFJob", f"{R}.SpotSpec": SPOT}, "for PyTorchJob and MPIJob only"),
        ({"JobType": "TFJob", f"{R}.UseSpotInstance": True}, "for PyTorchJob and MPIJob only"),
        ({"JobType": "TFJob", f"{R}.ElasticSpotSpecs": [{"InstanceType": "x"}]}, "for PyTorchJob and MPIJob only"),
        ({f"{R}.SpotSpec": {**SPOT, "SpotPriceLimit": 28}}, "28 looks like one an hour"),
        ({f"{R}.SpotSpec": {"SpotDiscountLimit": 80}}, "80 looks like percent"),
        ({f"{R}.ElasticSpotSpecs": [{"SpotPriceLimit": 0.004}]}, "0.004 looks like one a minute"),
        ({f"{R}.ElasticSpotSpecs": [{"SpotDiscountLimit": 0.9}]}, "0.9 looks like a fraction"),
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
        {"JobSpecs": [role(), role(Type="Master", QuotaId="quota1")], "Priority": 5},
        {f"{R}.SpotSpec": {"SpotDiscountLimit": 1}},
        {"TemplateId": "tpl1"},
        {"JobType": "MPIJob", f"{R}.SpotSpec": SPOT},
        {"JobType": PENDING, f"{R}.SpotSpec": {"SpotPriceLimit": PENDING}},
        {f"{R}.ElasticSpotSpecs": [{"SpotPriceLimit": 3.5, "SpotDiscountLimit": 90}]},
    ],
)
def test_nothing_to_warn_of(changes):
    assert job_warnings(changed(body(), changes)) == []
