"""The models: code written for the vendor's SDK reads the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from pydantic import ValidationError

import airflow_provider_bcs.batchcompute as bc
from airflow_provider_bcs.batchcompute import DAG, JobDescription, Mounts, TaskDescription, validate_job
from airflow_provider_bcs.description.model import known_fields_only
from tests.batchcompute.jobs import graphs, job, task


def test_a_job_built_as_the_vendor_documents_it():
    echo = TaskDescription()
    echo.Parameters.Command.CommandLine = "echo Batchcompute Service"
    echo.Parameters.Command.PackagePath = ""
    echo.Parameters.Command.EnvVars = {"N": 3, "FLAG": True}
    echo.Parameters.StdoutRedirectPath = "oss://bucket/logs/"
    echo.Timeout = 86400
    echo.InstanceCount = 3
    echo.ClusterId = "cls-x"
    graph = DAG()
    graph.add_task(task_name="Echo", task=echo)
    graph.add_task("Last", {"ClusterId": "cls-x", "Parameters": {"Command": {"CommandLine": "true"}}})
    graph.Dependencies = {"Echo": ["Last"]}
    description = JobDescription()
    description.Name = "PythonSDKDemo"
    description.Priority = 1
    description.DAG = graph
    echo.MaxRetryCount = 1

    assert validate_job(description) == []
    assert description["DAG"]["Tasks"]["Echo"]["InstanceCount"] == 3
    assert graph.get_task("Echo") is echo
    assert description.detail() == {
        "Name": "PythonSDKDemo",
        "Type": "DAG",
        "Priority": 1,
        "JobFailOnInstanceFail": True,
        "AutoRelease": False,
        "DAG": {
            "Tasks": {
                "Echo": {
                    "Parameters": {
                        "Command": {
                            "CommandLine": "echo Batchcompute Service",
                            "PackagePath": "",
                            "EnvVars": {"N": "3", "FLAG": "True"},
                        },
                        "StdoutRedirectPath": "oss://bucket/logs/",
                    },
                    "Timeout": 86400,
                    "InstanceCount": 3,
                    "MaxRetryCount": 1,
                    "ClusterId": "cls-x",
                },
                "Last": {
                    "Parameters": {"Command": {"CommandLine": "true"}},
                    "Timeout": 3600,
                    "InstanceCount": 1,
                    "MaxRetryCount": 0,
                    "ClusterId": "cls-x",
                },
            },
            "Dependencies": {"Echo": ["Last"]},
        },
    }
    graph.delete_task("Last")
    assert list(graph.Tasks) == ["Echo"]
    with pytest.raises(KeyError):
        graph.get_task("Last")


@given(graphs())
def test_detail_dump_and_load_are_inverse(description):
    model = JobDescription(description)
    for again in (JobDescription(model), JobDescription(model.detail()), JobDescription(model.dump())):
        assert again == model
    other = JobDescription()
    other.load(model.dump())
    assert other.detail() == model.detail()
    assert json.loads(model.dump()) == model.detail()


def test_maps_and_lists_can_be_filled_one_by_one():
    model = TaskDescription()
    model.Parameters.Command.EnvVars["N"] = 1
    model.InputMapping["oss://b/in/"] = "/home/in/"
    model.Mounts.Entries.append(bc.MountEntry(Source="oss://b/x/"))
    assert model.detail() == {
        "Parameters": {"Command": {"EnvVars": {"N": "1"}}},
        "InputMapping": {"oss://b/in/": "/home/in/"},
        "Timeout": 3600,
        "InstanceCount": 1,
        "MaxRetryCount": 0,
        "Mounts": {"Entries": [{"Source": "oss://b/x/"}]},
    }


def test_an_empty_text_is_absent_where_no_text_can_stand():
    model = JobDescription(Name="", Priority="", Notification={"Topic": ""}, DAG={"Tasks": {"a": {"Mounts": ""}}})
    assert (model.Name, model.Priority, model.detail()["Name"]) == ("", None, "")


def test_update_keeps_what_it_does_not_name():
    model = JobDescription(job())
    model.update({"Priority": 7})
    assert (model.Priority, model.Name) == (7, "a-job")
    with pytest.raises(KeyError, match="no field Priorty; did you mean Priority"):
        model.update({"Priorty": 7})


def test_wrong_types_and_unknown_fields_are_refused_by_name():
    with pytest.raises(ValidationError, match="TaskDescription has no field Tiemout; did you mean Timeout"):
        JobDescription(job({"count": task(Tiemout=3)}))
    with pytest.raises(ValidationError, match="InstanceCount"):
        TaskDescription(InstanceCount="3")
    with pytest.raises(ValidationError, match="InstanceCount"):
        TaskDescription().InstanceCount = True
    with pytest.raises(ValueError, match="no attribute 'Tiemout'"):
        TaskDescription().Tiemout = 3
    with pytest.raises(KeyError):
        TaskDescription()["Tiemout"]


def test_templates_are_kept():
    model = TaskDescription(InstanceCount="{{ params.n }}", WriteSupport="{{ params.w }}")
    assert model.detail()["InstanceCount"] == "{{ params.n }}"


def test_an_answer_is_read_leniently():
    answer = {**job({"count": task(AutoCluster=None, Newer=1)}), "Id": "job-1", "Newest": {}}
    answer["DAG"]["Tasks"]["count"]["Mounts"] = {"Entries": [{"Source": "oss://b/x/", "Newer": 1}], "Newer": 2}
    model = JobDescription(known_fields_only(JobDescription, answer))
    assert model.DAG.Tasks["count"].Mounts.Entries == [bc.MountEntry(Source="oss://b/x/")]


def test_secrets_are_not_in_a_repr():
    mounts = Mounts(OSS={"AccessKeyId": "id", "AccessKeySecret": "hunter2", "SecurityToken": "hunter3"})
    command = bc.Command(EnvVars={"PASSWORD": "hunter4"})
    cluster = bc.AutoCluster(UserData={"password": "hunter5"})
    assert "hunter" not in repr(mounts) + str(mounts) + repr(command) + repr(cluster)
    with pytest.raises(ValidationError) as error:
        bc.Command(EnvVars={"PASSWORD": ["hunter6"]})
    assert "hunter" not in str(error.value)
    assert "hunter2" in mounts.dump()


def test_each_public_name_is_there_and_documented():
    for name in bc.__all__:
        assert getattr(bc, name).__doc__, name
    with pytest.raises(AttributeError, match="Clien"):
        bc.Clien  # noqa: B018
