"""Descriptions of apps, and of jobs that run them: models, and the rules of their tables."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.batchcompute import (
    AppDescription,
    AppJob,
    AppParameter,
    JobDescription,
    validate_app,
    validate_job,
)
from airflow_provider_bcs.batchcompute.app.rules import TABLE
from tests.batchcompute.apps import app, app_job
from tests.batchcompute.jobs import put, without
from tests.batchcompute.test_rules import fields_of_models, fields_of_rules, json_values


def test_an_app_as_an_object():
    description = AppDescription(Name="sort", CommandLine="sort ${words}")
    description.Docker.Image = "ubuntu"
    description.InputParameters = {
        "words": AppParameter(LocalPath="/home/in/words.txt"),
        "flags": AppParameter(Default=""),
        "lines": AppParameter(Type="Number", Default=3),
    }
    description.Config.InstanceCount.Default = 2
    assert validate_app(description) == []
    assert description.detail() == {
        "Name": "sort",
        "CommandLine": "sort ${words}",
        "Docker": {"Image": "ubuntu"},
        "InputParameters": {
            "words": {"LocalPath": "/home/in/words.txt"},
            "flags": {"Default": ""},
            "lines": {"Type": "Number", "Default": 3},
        },
        "Config": {"InstanceCount": {"Default": 2}},
    }


def test_an_app_job_as_an_object():
    job = JobDescription(Name="sort-now", Type="App")
    job.App = AppJob(AppName=":sort", Inputs={"words": "oss://b/words.txt"})
    job.App.Logging.StdoutPath = "oss://b/logs/"
    job.App.Config.InstanceCount = 2
    assert validate_job(job) == []
    assert job.detail()["App"] == {
        "AppName": ":sort",
        "Inputs": {"words": "oss://b/words.txt"},
        "Logging": {"StdoutPath": "oss://b/logs/"},
        "Config": {"InstanceCount": 2},
    }
    assert "oss://b/words.txt" not in repr(job)


@pytest.mark.parametrize(
    ("path", "value", "code", "message"),
    [
        ("Name", 3, "InvalidName", "Its type must be string."),
        ("Name", "1a", "InvalidName", "and must not start with [0-9]."),
        ("Name", ":", "InvalidName", "and must not start with [0-9]."),
        ("Name", "", "MissingName", "Name is mandatory for this action."),
        ("CommandLine", "x" * 1025, "InvalidCommandLine", "Its length must be in [1, 1024]."),
        ("Comand", "x", "InvalidComand", ""),
        ("Docker.RegistryOSSPath", "http://b/x/", "InvalidRegistryOSSPath", "must not end with '/' if it is a file."),
        ("Docker.Image", "", "MissingImage", "Image is mandatory for this action."),
        ("VM", {"ECSImageId": "m-1"}, "InvalidECSImageId", "Specified parameter ECSImageId is not valid."),
        ("Daemonize", "no", "InvalidDaemonize", "Its type must be boolean."),
        ("EnvVars", {"A": 1}, "InvalidEnvVars.A.value", "Its type must be string."),
        ("InputParameters", {"a b": {}}, "InvalidInputParameters.a b", "and must not start with [0-9]."),
        ("InputParameters", {f"i{n}": {} for n in range(51)}, "InvalidInputParameters", "Its size must be in [0, 50]."),
        ("InputParameters.words", "x", "InvalidInputParameters.words.value", "Its type must be object."),
        ("InputParameters.words.Type", "Text", "InvalidType", ""),
        ("InputParameters.words.LocalPath", "in/x", "InvalidLocalPath", "and a drive letter on windows."),
        ("InputParameters.n", {"Type": "Number", "Default": "3"}, "InvalidDefault", "Its type must be number."),
        ("InputParameters.n", {"Default": 3}, "InvalidDefault", "Its type must be string."),
        ("InputParameters.n", {"Default": []}, "InvalidDefault", ""),
        ("InputParameters.sorted", {}, "InvalidOutputParameters.sorted", ""),
        ("OutputParameters.other", {"LocalPath": "/home/out/sorted.txt"}, "InvalidLocalPath", ""),
        ("Config.InstanceCount", {"Default": "2"}, "InvalidDefault", "Its type must be integer."),
        ("Config.InstanceCount", 2, "InvalidInstanceCount", "Its type must be object."),
        ("Config.Timeout", {"Default": 0}, "InvalidDefault", ""),
        ("Config.Timeout", {"Overwritable": 1}, "InvalidOverwritable", "Its type must be boolean."),
        ("Config.Colour", {}, "InvalidColour", ""),
    ],
)
def test_a_wrong_app(path, value, code, message):
    (found,) = validate_app(put(app(), path, value))
    assert found.code == code
    assert found.message.endswith(message)
    assert found.path.startswith(("Docker" if code == "MissingImage" else path).split(".")[0]) or "sorted" in path
    assert found.advice


def test_all_that_is_wrong_at_once():
    wrong = put(without(app(), "CommandLine"), "Config.DiskType.Default", "floppy")
    assert [item.path for item in validate_app(wrong)] == ["CommandLine", "Config.DiskType.Default"]
    assert [item.code for item in validate_app("[]")] == ["InvalidHttpBody"]


def test_a_wrong_app_job():
    job = app_job("Public:sort", Inputs={"in": "oss://b/in", "n": 3}, Config={"InstanceCount": 2})
    job["Name"] = "x" * 100
    assert validate_job(job) == []
    job = put(put(deepcopy(job), "App.Inputs", {f"i{n}": n for n in range(51)}), "App.Config.Colour", "red")
    assert [item.path for item in validate_job(put(job, "App.AppName", ""))] == [
        *("App.AppName", "App.Inputs", "App.Config.Colour")
    ]
    assert [item.code for item in validate_job({"Name": "x", "Type": "App"})] == ["MissingApp"]


@given(
    st.sampled_from(["Docker", "VM.ECSImageId", "InputParameters", "InputParameters.words.Default", "Config.Timeout"]),
    json_values,
)
def test_no_json_value_anywhere_makes_the_rules_themselves_fail(path, value):
    description = put(app(), path, value)
    # For the rules an empty text is an absent value; the typed models want the value's own type.
    if not validate_app(description) and value != "":
        AppDescription(description)


def test_rules_and_models_know_the_same_fields():
    assert set(fields_of_rules(TABLE._root)) == set(fields_of_models(AppDescription))


def test_a_default_that_may_be_a_password_is_not_shown():
    wrong = put(app(), "InputParameters.password", {"Type": "Number", "Default": "hunter2"})
    (violation,) = validate_app(wrong)
    assert "a str of length 7; expected a number" in violation.advice
    assert "hunter2" not in repr(violation) + repr(AppDescription(wrong))
