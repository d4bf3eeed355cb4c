"""The models: every field of the vendor's SDK under the service's name, and nothing filled in."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from alibabacloud_pai_dlc20201203.models import CreateJobRequest
from hypothesis import given
from pydantic import ValidationError

from airflow_provider_bcs.description.model import Description, known_fields_only
from airflow_provider_bcs.dlc import credential, job, job_spec, pod_spec, settings
from airflow_provider_bcs.dlc.job import CustomEnv, DataSource, JobDescription, JobElasticSpec
from airflow_provider_bcs.dlc.job_spec import ImageConfig, JobSpec, ResourceConfig
from airflow_provider_bcs.dlc.rules import validate_job
from airflow_provider_bcs.dlc.settings import JobSettings
from tests.dlc.bodies import bodies, body, role, unwrapped

#: Fields that the vendor's SDK does not know, and why they are here.
OURS_ALONE = {
    "Settings.EnablePreemptibleJob": "in answers of the service, which authors copy from",
    "Settings.EnablePriorityPreemption": "in answers of the service, which authors copy from",
}


def kinds(kind, path=""):
    """The JSON type of each place in a body, by our models."""
    kind = unwrapped(kind)
    if get_origin(kind) is list:
        return {path: "array", **kinds(get_args(kind)[0], f"{path}[]")}
    if get_origin(kind) is dict:
        return {path: "object", **kinds(get_args(kind)[1], f"{path}{{}}")}
    if isinstance(kind, type) and issubclass(kind, Description):
        nested = {}
        for name, field in kind.model_fields.items():
            nested |= kinds(field.annotation, f"{path}.{name}".lstrip("."))
        return {path: "object", **nested}
    return {path: "any" if kind is Any else kind.__name__}


def vendor_kinds(kind, path=""):
    """The same by the vendor's models. Their names on the wire are seen by writing one attribute at a time."""
    if get_origin(kind) is list:
        return {path: "array", **vendor_kinds(get_args(kind)[0], f"{path}[]")}
    if get_origin(kind) is dict:
        return {path: "object", **vendor_kinds(get_args(kind)[1], f"{path}{{}}")}
    if hasattr(kind, "to_map"):
        nested = {}
        for attribute, annotation in get_type_hints(kind.__init__).items():
            # Python 3.10 makes an attribute optional whose default is None.
            hint = unwrapped(annotation)
            nested |= vendor_kinds(hint, f"{path}.{wire_name(kind, attribute, hint)}".lstrip("."))
        return {path: "object", **nested}
    return {path: "any" if kind is Any else kind.__name__}


def wire_name(model, attribute, hint):
    untouched, touched = model().to_map() or {}, model(**{attribute: sample(hint)}).to_map()
    (name,) = (name for name in touched if touched[name] != untouched.get(name))
    return name


def sample(kind):
    if get_origin(kind) is list:
        return [sample(get_args(kind)[0])]
    if get_origin(kind) is dict:
        return {"key": sample(get_args(kind)[1])}
    return "any" if kind is Any else kind(1) if kind in (str, int, float, bool) else kind()


def test_the_fields_are_those_of_the_vendors_sdk():
    ours, theirs = kinds(JobDescription), vendor_kinds(CreateJobRequest)
    assert len(theirs) > 200
    assert {path: ours.get(path) for path in theirs} == theirs
    assert ours.keys() - theirs.keys() == OURS_ALONE.keys()


def bare(content):
    """``content`` without what stands for "not set": the vendor's SDK writes [] for some lists."""
    if isinstance(content, dict):
        found = {key: bare(value) for key, value in content.items()}
        return {key: value for key, value in found.items() if value not in ({}, [], None)}
    return [bare(element) for element in content] if isinstance(content, list) else content


@given(bodies())
def test_the_vendors_sdk_reads_and_writes_the_same(content):
    for name in OURS_ALONE:
        content.get("Settings", {}).pop(name.split(".")[1], None)
    theirs = CreateJobRequest().from_map(JobDescription(content).detail())
    assert bare(theirs.to_map()) == bare(JobDescription(theirs).detail()) == bare(content)
    assert validate_job(theirs) == []


@given(bodies())
def test_detail_dump_and_load_are_inverse(content):
    model = JobDescription(content)
    assert model.detail() == content
    for again in (JobDescription(model), JobDescription(model.detail()), JobDescription(model.dump())):
        assert again == model
    other = JobDescription()
    other.load(model.dump())
    assert other.detail() == json.loads(model.dump()) == model.detail()


def test_nothing_is_filled_in():
    assert JobDescription().detail() == {}
    assert JobSpec().detail() == {}
    assert JobDescription(JobSpecs=[{}], Settings={"Tags": {}}).detail() == {"JobSpecs": [{}], "Settings": {"Tags": {}}}


def test_a_job_built_one_by_one():
    worker = JobSpec(Type="Worker", PodCount=2, Image="example/train:1")
    worker.ResourceConfig.CPU = "2"
    worker.ResourceConfig = ResourceConfig(CPU="4", Memory="8Gi")
    worker.ExtraPodSpec.Lifecycle.PreStop.Exec.Command = ["sync"]
    description = JobDescription(DisplayName="hello-1", JobType="PyTorchJob", ResourceId="quota1")
    description.JobSpecs.append(worker)
    description.DataSources = [DataSource(Uri="oss://b.oss-cn-x.aliyuncs.com/p/", MountPath="/mnt/in")]
    description.Settings.Tags["owner"] = "airflow"
    description.Envs["A"] = "1"
    description["UserCommand"] = "echo hello"
    assert validate_job(description) == []
    assert description.detail() == {
        "DisplayName": "hello-1",
        "JobType": "PyTorchJob",
        "JobSpecs": [
            {
                "Type": "Worker",
                "PodCount": 2,
                "Image": "example/train:1",
                "ResourceConfig": {"CPU": "4", "Memory": "8Gi"},
                "ExtraPodSpec": {"Lifecycle": {"PreStop": {"Exec": {"Command": ["sync"]}}}},
            }
        ],
        "UserCommand": "echo hello",
        "Envs": {"A": "1"},
        "DataSources": [{"Uri": "oss://b.oss-cn-x.aliyuncs.com/p/", "MountPath": "/mnt/in"}],
        "ResourceId": "quota1",
        "Settings": {"Tags": {"owner": "airflow"}},
    }


def test_wrong_types_and_unknown_fields_are_refused_by_name():
    with pytest.raises(ValidationError, match="JobSpec has no field Podcount; did you mean PodCount"):
        JobDescription(body(JobSpecs=[role(Podcount=3)]))
    with pytest.raises(ValidationError, match="PodCount"):
        JobSpec(PodCount="3")
    with pytest.raises(ValidationError, match="CPU"):
        ResourceConfig(CPU=2)
    with pytest.raises(ValidationError, match="Tags"):
        JobSettings(Tags={"n": 1})
    with pytest.raises(ValidationError, match="EnableAIMaster"):
        JobElasticSpec(EnableAIMaster="true")


def test_templates_are_kept():
    content = body(Priority="{{ params.p }}", JobSpecs=[role(PodCount="{{ params.n }}", IsChief="{{ params.c }}")])
    assert JobDescription(content).detail() == content


def test_an_answer_is_read_leniently():
    answer = {**body(Settings={"Tags": {"a": "b"}, "Newer": 1}), "JobId": "dlc1", "Newest": {}}
    answer["JobSpecs"][0]["Newer"] = 2
    read = JobDescription(known_fields_only(JobDescription, answer))
    assert read.detail() == body(Settings={"Tags": {"a": "b"}})


def test_secrets_are_not_in_a_repr():
    secret = "hunter2"
    models = [
        ImageConfig(Username="me", Password=secret, Auth=secret),
        credential.AssumeUserInfo(Id="1", AccessKeyId=secret, SecurityToken=secret),
        CustomEnv(Key="PASSWORD", Value=secret),
        pod_spec.EnvVar(Name="PASSWORD", Value=secret),
        JobDescription(Envs={"PASSWORD": secret}, CustomEnvs=[{"Key": "PASSWORD", "Value": secret}]),
    ]
    for model in models:
        assert secret not in repr(model) + str(model)
        assert secret in model.dump()
    with pytest.raises(ValidationError) as error:
        JobDescription(Envs={"PASSWORD": [secret]})
    assert secret not in str(error.value)


def test_each_model_is_documented():
    models = [
        value
        for module in (credential, job, job_spec, pod_spec, settings)
        for name, value in vars(module).items()
        if not name.startswith("_") and isinstance(value, type) and value.__module__ == module.__name__
    ]
    assert len(models) > 35
    assert [model.__name__ for model in models if not model.__dict__.get("__doc__")] == []


def test_rules_import_little_and_build_no_model():
    program = """
import json, sys
from airflow_provider_bcs.dlc.job import JobDescription
from airflow_provider_bcs.dlc.rules import validate_job
validate_job(json.loads(sys.argv[1]))
heavy = {"airflow", "requests", "pendulum", "tenacity", "yaml", "alibabacloud_credentials"}
print(sorted(heavy.intersection(sys.modules)), JobDescription.__pydantic_complete__)
"""
    run = subprocess.run(
        [sys.executable, "-c", program, json.dumps(body())], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.split("\n")[0] == "[] False"
