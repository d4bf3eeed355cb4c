"""Jobs of the first API become jobs of the second, and nothing gets lost on the way."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from airflow_provider_bcs.batchcompute import (
    INSTANCE_TYPES,
    InvalidJobError,
    JobDescription,
    from_v1,
    is_legacy,
    job_warnings,
    read_job,
    v1_path,
    validate_job,
)
from airflow_provider_bcs.batchcompute.instance_types import smallest
from airflow_provider_bcs.exceptions import StateConflictError
from tests.batchcompute.jobs import job, put
from tests.batchcompute.legacy_jobs import VendorObject, find_prime, v1_job, v1_jobs

FIND = {
    "Parameters": {
        "Command": {
            "CommandLine": "python find_prime_worker.py",
            "PackagePath": "oss://your-bucket/batch_python_sdk/worker.tar.gz",
        },
        "StdoutRedirectPath": "oss://your-bucket/batch_python_sdk/logs/",
        "StderrRedirectPath": "oss://your-bucket/batch_python_sdk/logs/",
    },
    "InstanceCount": 1,
    "Timeout": 86_400,
    "AutoCluster": {"InstanceType": "ecs.c5.2xlarge", "ResourceType": "OnDemand", "ImageId": "img-xxxx"},
}


def converted(**fields: Any) -> dict[str, Any]:
    """The page's task, with other fields, converted."""
    task: dict[str, Any] = from_v1(v1_job({"Find": find_prime(**fields)}))[0]["DAG"]["Tasks"]["Find"]
    return task


def notes(**fields: Any) -> list[str]:
    return from_v1(v1_job({"Find": find_prime(**fields)}, JobTag=None))[1]


def wrong(description: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item.path, item.advice) for item in validate_job(description)]


def test_the_example_of_the_page():
    content, sentences = from_v1(v1_job(Description="Batchcompute Python SDK"))
    assert content["DAG"]["Tasks"]["Find"].pop("Parameters") == {
        **FIND["Parameters"],
        "Command": {**FIND["Parameters"]["Command"], "EnvVars": {}},
    }
    assert content == {
        "Type": "DAG",
        "Name": "find-prime",
        "Description": "Batchcompute Python SDK",
        "Priority": 0,
        "DAG": {"Tasks": {"Find": {k: v for k, v in FIND.items() if k != "Parameters"}}, "Dependencies": {}},
    }
    assert sentences == ["JobTag has no counterpart and is left out."]


def test_every_form_of_the_example(tmp_path):
    expected = from_v1(v1_job())[0]
    text = json.dumps(v1_job())
    (tmp_path / "old.json").write_text(text)
    (tmp_path / "old.yaml").write_text(text)
    task = VendorObject(**{**find_prime(), "ResourceDescription": VendorObject(Cpu=800, Memory=2000)})
    vendor = VendorObject(**{**v1_job(), "TaskDag": VendorObject(TaskDescMap={"Find": task}, Dependencies={})})
    mixed = v1_job({"Find": task})
    for form in (v1_job(), text, tmp_path / "old.json", str(tmp_path / "old.yaml"), vendor, mixed):
        assert read_job(form) == expected
        assert validate_job(form) == []
        assert job_warnings(form) == ["JobTag has no counterpart and is left out."]
        assert JobDescription(form).detail() == JobDescription(expected).detail()


def test_what_is_a_job_of_the_first_api():
    assert is_legacy(v1_job())
    assert is_legacy({"JobName": "x"})
    assert not is_legacy(job())
    assert not is_legacy({"Name": "x", "TaskDag": {}})
    assert not is_legacy({"Description": "x", "Priority": 1})


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(v1_jobs())
def test_random_jobs_are_valid_and_nothing_gets_lost(description):
    content, sentences = from_v1(description)
    assert validate_job(content) == validate_job(description) == []
    assert content["DAG"]["Dependencies"] == description["TaskDag"]["Dependencies"]
    assert set(content["DAG"]["Tasks"]) == set(description["TaskDag"]["TaskDescMap"])
    for name in ("Description", "Priority"):
        assert content.get(name) == description.get(name)
    assert any("JobTag" in text for text in sentences) == ("JobTag" in description)
    for name, task in description["TaskDag"]["TaskDescMap"].items():
        became = content["DAG"]["Tasks"][name]
        said = " ".join(text for text in sentences if f"TaskDescMap.{name}." in text)
        for field, value in task.items():
            assert_kept(field, value, became, said)


def assert_kept(field: str, value: Any, became: dict[str, Any], said: str) -> None:
    parameters = became["Parameters"]
    if field in ("BlockDeviceMapping", "LoadImage", "MaxReplica"):
        assert field in said
    elif field == "ProgramType":
        program = {"native": ["./"]}.get(value, [value])[0]
        assert parameters["Command"]["CommandLine"].startswith(program)
    elif field in ("ProgramName", "ProgramArguments"):
        assert value in parameters["Command"]["CommandLine"]
    elif field == "ResourceDescription":
        cores, memory = INSTANCE_TYPES[became["AutoCluster"]["InstanceType"]]
        assert cores * 100 >= value.get("Cpu", 800)
        assert memory >= value.get("Memory", 2000)
        assert ("Cpu" in said) == (value.get("Cpu", 800) < 800)
        assert ("Memory" in said) == (value.get("Memory", 2000) < 2000)
    elif field.endswith("RedirectPath"):
        assert parameters[field] == value.rstrip("/") + "/"
    else:
        kept = {
            "PackageUri": parameters["Command"].get("PackagePath"),
            "ImageId": became["AutoCluster"].get("ImageId"),
            "InstanceCount": value if str(became["InstanceCount"]) == str(value) else None,
            "Timeout": became["Timeout"],
            "EnvironmentVariables": parameters["Command"].get("EnvVars"),
            "OssMapping": became.get("InputMapping"),
            "OssMappingLock": parameters.get("InputMappingConfig", {}).get("Lock"),
            "OssMappingLocale": parameters.get("InputMappingConfig", {}).get("Locale"),
        }[field]
        assert kept == value


@pytest.mark.parametrize(
    ("fields", "command"),
    [
        ({}, "python find_prime_worker.py"),
        ({"ProgramType": None}, "python find_prime_worker.py"),
        ({"ProgramArguments": "--from 1  'a b' {{ ds }}"}, "python find_prime_worker.py --from 1  'a b' {{ ds }}"),
        ({"ProgramType": "php", "ProgramName": "a.php"}, "php a.php"),
        ({"ProgramType": "java", "ProgramName": "a.jar", "ProgramArguments": "x"}, "java -jar a.jar x"),
        ({"ProgramType": "java", "ProgramName": "a b.jar"}, "java -jar 'a b.jar'"),
        ({"ProgramType": "java", "ProgramName": "com.example.Main"}, "java com.example.Main"),
        ({"ProgramType": "native", "ProgramName": "worker"}, "./worker"),
        ({"ProgramType": "native", "ProgramName": "my worker"}, "'./my worker'"),
        ({"ProgramType": "native", "ProgramName": "{{ x }}"}, "./{{ x }}"),
        ({"ProgramType": "native", "ProgramName": "/opt/worker"}, "/opt/worker"),
        ({"ProgramName": "{{ params.program }}"}, "python {{ params.program }}"),
    ],
)
def test_the_command_line(fields, command):
    assert converted(**fields)["Parameters"]["Command"]["CommandLine"] == command


def test_the_program_is_one_word_whatever_it_is_called():
    command = converted(ProgramName="find 'prime'.py")["Parameters"]["Command"]["CommandLine"]
    assert shlex.split(command) == ["python", "find 'prime'.py"]


@pytest.mark.parametrize(
    ("resource", "instance_type"),
    [
        (None, "ecs.c5.2xlarge"),
        ({"Cpu": 800, "Memory": 16384}, "ecs.c5.2xlarge"),
        ({"Cpu": 800, "Memory": 16385}, "ecs.g5.2xlarge"),
        ({"Cpu": 800, "Memory": 65536}, "ecs.r5.2xlarge"),
        ({"Cpu": 801, "Memory": 2000}, "ecs.c5.3xlarge"),
        ({"Cpu": 1600}, "ecs.c5.4xlarge"),
        ({"Cpu": 2400, "Memory": 65536}, "ecs.g5.6xlarge"),
        ({"Cpu": 16, "Memory": 2000}, "ecs.c5.2xlarge"),
    ],
)
def test_the_smallest_instance_type_that_is_large_enough(resource, instance_type):
    assert converted(ResourceDescription=resource)["AutoCluster"]["InstanceType"] == instance_type


@pytest.mark.parametrize(
    ("given", "count"), [(None, 1), (4, 4), ("4", 4), ("{{ n }}", "{{ n }}"), ("9" * 5000, "9" * 5000)]
)
def test_the_instance_count(given, count):
    assert converted(InstanceCount=given)["InstanceCount"] == count


def test_a_table_of_the_callers_own():
    own = {"big": (64, 262_144), "small": (1, 1024), "middle": (8, 4096)}
    assert smallest(own, 800, 2000) == "middle"
    content, _ = from_v1(v1_job({"Find": find_prime(ResourceDescription={"Cpu": 3200})}), own)
    assert content["DAG"]["Tasks"]["Find"]["AutoCluster"]["InstanceType"] == "big"
    assert read_job(v1_job(), own)["DAG"]["Tasks"]["Find"]["AutoCluster"]["InstanceType"] == "middle"


def test_folders_of_logs():
    assert converted(StdoutRedirectPath="oss://b/logs")["Parameters"]["StdoutRedirectPath"] == "oss://b/logs/"
    assert converted(StdoutRedirectPath="")["Parameters"].get("StdoutRedirectPath") is None
    template = "oss://b/{{ params.logs }}"
    assert converted(StdoutRedirectPath=template)["Parameters"]["StdoutRedirectPath"] == template
    assert notes(StdoutRedirectPath=template) == [
        "TaskDag.TaskDescMap.Find.StdoutRedirectPath ends in a template: the rendered value has to end in '/'."
    ]


def test_what_has_no_counterpart_or_another_meaning_is_said():
    assert notes() == []
    assert notes(Priority=0, SaveImage="img", OssMapping={"oss://b/in/": "/home/in"}, BlockDeviceMapping=None) == [
        "TaskDag.TaskDescMap.Find.Priority has no counterpart and is left out.",
        "TaskDag.TaskDescMap.Find.SaveImage has no counterpart and is left out.",
        "TaskDag.TaskDescMap.Find.OssMapping: the first API copied changes of these files back, InputMapping does not;"
        " name files to keep in OutputMapping, with another local path.",
    ]
    (sentence,) = notes(ResourceDescription={"Cpu": 16})
    assert sentence.startswith("TaskDag.TaskDescMap.Find.ResourceDescription.Cpu 16 is not in [800, 2400]")


TASK = "TaskDag.TaskDescMap.Find"


@pytest.mark.parametrize(
    ("fields", "path", "says"),
    [
        ({"Tiemout": 3}, f"{TASK}.Tiemout", "did you mean Timeout?"),
        ({"ProgramTyp": "x"}, f"{TASK}.ProgramTyp", "did you mean ProgramType?"),
        ({"ProgramType": "perl"}, f"{TASK}.ProgramType", "expected one of python, php, java, native."),
        ({"ProgramType": "{{ x }}"}, f"{TASK}.ProgramType", "expected one of python, php, java, native."),
        ({"ProgramName": ""}, f"{TASK}.ProgramName", "expected the name of the program"),
        ({"ProgramArguments": 0}, f"{TASK}.ProgramArguments", "Found 0; expected a text"),
        ({"ResourceDescription": "8"}, f"{TASK}.ResourceDescription", "expected an object with Cpu and Memory"),
        ({"ResourceDescription": False}, f"{TASK}.ResourceDescription", "expected an object with Cpu and Memory"),
        ({"ResourceDescription": []}, f"{TASK}.ResourceDescription", "expected an object with Cpu and Memory"),
        ({"ResourceDescription": 0}, f"{TASK}.ResourceDescription", "expected an object with Cpu and Memory"),
        ({"ResourceDescription": {"CPU": 800}}, f"{TASK}.ResourceDescription.CPU", "did you mean Cpu?"),
        ({"ResourceDescription": {"Cpu": "800"}}, f"{TASK}.ResourceDescription.Cpu", "Found '800'; expected a whole"),
        ({"ResourceDescription": {"Cpu": True}}, f"{TASK}.ResourceDescription.Cpu", "Found True"),
        ({"ResourceDescription": {"Memory": -1}}, f"{TASK}.ResourceDescription.Memory", "Found -1"),
        ({"ResourceDescription": {"Cpu": "{{ c }}"}}, f"{TASK}.ResourceDescription.Cpu", "Found a template; expected"),
        (
            {"ResourceDescription": {"Cpu": 2401}},
            f"{TASK}.ResourceDescription",
            "expected at most the largest instance type",
        ),
    ],
)
def test_what_cannot_be_converted(fields, path, says):
    description = v1_job({"Find": find_prime(**fields)})
    (violation,) = validate_job(description)
    assert violation.path == path
    assert says in violation.advice
    for read in (from_v1, read_job, JobDescription):
        with pytest.raises(InvalidJobError, match=path.replace(".", r"\.")):
            read(description)


def test_all_is_reported_at_once():
    bad = v1_job({"Find": find_prime(Tiemout=3, Timeout=0, ImageId=4)}, {"Find": ["Fnd"]}, JobNam="x", JobName="1")
    assert [path for path, _ in wrong(bad)] == [
        "JobNam",
        f"{TASK}.Tiemout",
        "Name",
        "DAG.Tasks.Find.Timeout",
        "DAG.Tasks.Find.AutoCluster.ImageId",
        "DAG.Dependencies.Find",
    ]


@pytest.mark.parametrize(
    "description",
    [
        {"JobName": "x"},
        {"JobName": "x", "TaskDag": []},
        {"JobName": "x", "TaskDag": "text"},
        {"JobName": "x", "TaskDag": {"TaskDescMap": [1]}},
        {"JobName": "x", "TaskDag": {"TaskDescMap": {"a": None}}},
        {"JobName": "x", "TaskDag": {"TaskDescMap": {"a": []}}},
        {"JobName": "x", "TaskDag": {"TaskDescMap": {"a": {}}}},
        put(v1_job(), "TaskDag.Dependencies", "Find"),
    ],
)
def test_broken_structure_is_a_violation(description):
    assert validate_job(description)


@pytest.mark.parametrize(
    ("second", "first"),
    [
        ("Name", "JobName"),
        ("Priority", "Priority"),
        ("DAG", "TaskDag"),
        ("DAG.Tasks", "TaskDag.TaskDescMap"),
        ("DAG.Tasks.a", "TaskDag.TaskDescMap.a"),
        ("DAG.Tasks.a.b.Timeout", "TaskDag.TaskDescMap.a.b.Timeout"),
        ("DAG.Tasks.a.AutoCluster.ImageId", "TaskDag.TaskDescMap.a.ImageId"),
        ("DAG.Tasks.a.Parameters.Command.CommandLine", "TaskDag.TaskDescMap.a.ProgramName"),
        ("DAG.Tasks.a.Parameters.Command.EnvVars.x.y", "TaskDag.TaskDescMap.a.EnvironmentVariables.x.y"),
        ("DAG.Tasks.a.InputMapping.oss://b/c.d", "TaskDag.TaskDescMap.a.OssMapping.oss://b/c.d"),
        ("DAG.Dependencies.a", "TaskDag.Dependencies.a"),
        ("TaskDag.TaskDescMap.a.Tiemout", "TaskDag.TaskDescMap.a.Tiemout"),
        ("$", "$"),
    ],
)
def test_the_way_back(second, first):
    assert v1_path(second) == first


def test_the_service_takes_no_job_of_the_first_api(service, client):
    assert service.call("POST", "/jobs", v1_job()).json()["Code"] == "InvalidJobName"
    created = client.create_job(v1_job(JobName="old"))
    assert client.get_job_description(created).Name == "old"
    # Its command fails at once where the machine is quick.
    with suppress(StateConflictError):
        client.stop_job(created)
