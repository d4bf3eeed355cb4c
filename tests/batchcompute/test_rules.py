"""Rules beyond the service's own table, and how violations are reported."""

from __future__ import annotations

from copy import deepcopy
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.batchcompute import JobDescription, job_warnings, validate_job
from airflow_provider_bcs.batchcompute.rule_table import TABLE
from airflow_provider_bcs.description.model import Description
from tests.batchcompute.jobs import graphs, job, put, task

CLUSTER = {"ImageId": "img-ubuntu", "InstanceType": "ecs.s3.large"}
T = "DAG.Tasks.count"


def found(description, **kwargs):
    return {(item.path, item.code) for item in validate_job(description, **kwargs)}


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("AutoRelease", "true", "InvalidAutoRelease"),
        ("Notification", [], "InvalidNotification"),
        ("Notification.Topic", {"Events": ["OnJobFinishd"]}, "InvalidEvents"),
        (f"{T}.InstanceCount", 0, "InvalidInstanceCount"),
        (f"{T}.InstanceCount", True, "InvalidInstanceCount"),
        (f"{T}.InstanceCount", 1.0, "InvalidInstanceCount"),
        (f"{T}.Timeout", 0, "InvalidTimeout"),
        (f"{T}.MaxRetryCount", -1, "InvalidMaxRetryCount"),
        (f"{T}.WriteSupport", "yes", "InvalidWriteSupport"),
        (f"{T}.Mounts", {"Lock": 1}, "InvalidLock"),
        (f"{T}.Mounts", {"Entries": [{"Source": "oss://b/x/", "WriteSupport": 1}]}, "InvalidWriteSupport"),
        (f"{T}.Mounts", {"Entries": [{"Source": "ftp://b/x/"}]}, "InvalidSource"),
        (f"{T}.Mounts", {"Entries": [{"Source": "nas:/b"}]}, "InvalidSource"),
        (f"{T}.Mounts", {"Entries": [{"Destination": "home/x"}]}, "InvalidDestination"),
        (f"{T}.Mounts", {"Entries": {}}, "InvalidEntries"),
        (f"{T}.AutoCluster", {**CLUSTER, "ResourceType": "Cheap"}, "InvalidResourceType"),
        (f"{T}.AutoCluster", {**CLUSTER, "SpotStrategy": "SpotAsPriceGoes"}, "InvalidSpotStrategy"),
        (f"{T}.AutoCluster", {**CLUSTER, "SpotPriceLimit": 0.1234}, "InvalidSpotPriceLimit"),
        (f"{T}.AutoCluster", {**CLUSTER, "ECSImageId": "m-28ega"}, "InvalidECSImageId"),
        (f"{T}.AutoCluster", {**CLUSTER, "Configs": {"Disks": {"SystemDisk": {"Type": "tape"}}}}, "InvalidType"),
        (f"{T}.Parameters.StdoutRedirectPath", "oss://bucket/no-folder", "InvalidStdoutRedirectPath"),
        (f"{T}.Parameters.StdoutRedirectPath", "oss://bucket", "InvalidStdoutRedirectPath"),
        (f"{T}.Parameters.Command.PackagePath", "oss://bucket/folder/", "InvalidPackagePath"),
        (f"{T}.LogMapping", {"/var/log/x": "oss://bucket/file"}, "InvalidLogMapping./var/log/x.value"),
        (f"{T}.ClusterId", "", "MissingClusterId"),
        (f"{T}.ClusterId", None, "MissingClusterId"),
        ("DAG.Dependencies", {"count": ["nobody"]}, "InvalidDependencies"),
        ("DAG.Dependencies", {"nobody": ["count"]}, "InvalidDependencies"),
        ("DAG.Dependencies", {"count": ["count"]}, "BadDAG"),
        ("DAG.Dependencies", {"count": [3]}, "InvalidDependencies.count.value"),
    ],
)
def test_one_wrong_value_gives_one_violation(path, value, code):
    assert [item.code for item in validate_job(put(job(), path, value))] == [code]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{T}.Parameters.Command.CommandLine", ""),
        (f"{T}.Parameters.Command.PackagePath", ""),
        (f"{T}.Parameters.Command.Docker", {"Image": ""}),
        (f"{T}.Parameters.StdoutRedirectPath", ""),
        (f"{T}.InputMapping", {"oss://bucket/file": "E:"}),
        (f"{T}.OutputMapping", {"/home/x": ""}),
        (f"{T}.OutputMapping", {"C:\\output\\": "oss://b/out/", "D:": "oss://b/d/", "E:/x": "oss://b/e"}),
        (f"{T}.LogMapping", {"C:\\log": "oss://b/log/"}),
        (f"{T}.Parameters.InputMappingConfig", {"Lock": False, "Locale": "UTF-8"}),
        (f"{T}.AutoCluster", {**CLUSTER, "SpotPriceLimit": 0.1 + 0.2}),
        (f"{T}.AutoCluster", {}),
        (f"{T}.AutoCluster", {**CLUSTER, "ECSImageId": "", "SpotStrategy": "", "SpotPriceLimit": 0.0}),
        (f"{T}.AutoCluster", {"ECSImageId": "m-28ega", "ImageId": ""}),
        (f"{T}.Mounts", {"Entries": [{"Source": "nas://host:/dir/", "Destination": "/home/nas/"}]}),
        (f"{T}.Mounts", {"Locale": "utf-8", "OSS": {"AccessSecurityToken": "", "SecurityToken": ""}}),
        ("Notification", {"Topic": {}}),
        ("Description", ""),
        ("DAG.Dependencies", {"count": []}),
        ("Priority", 1000),
    ],
)
def test_what_real_job_files_hold_is_valid(path, value):
    assert validate_job(put(job(), path, value)) == []


def test_both_cluster_and_autocluster_is_a_warning_that_names_the_one_that_takes_effect():
    both = job({"count": task(AutoCluster=CLUSTER)})
    assert validate_job(both) == []
    (text,) = job_warnings(both)
    assert "ClusterId 'cls-x' takes effect" in text
    assert job_warnings(job()) == []


def test_all_violations_at_once_in_the_order_of_the_file():
    wrong = job({"count": task(Timeout="1h", Tiemout=3), "other one": {}}, Priority=5000, Colour="red")
    assert found(wrong) == {
        ("Colour", "InvalidColour"),
        ("Priority", "InvalidPriority"),
        ("DAG.Tasks.count.Tiemout", "InvalidTiemout"),
        ("DAG.Tasks.count.Timeout", "InvalidTimeout"),
        ("DAG.Tasks.other one", "InvalidTasks.other one"),
        ("DAG.Tasks.other one.Parameters", "MissingParameters"),
        ("DAG.Tasks.other one.InstanceCount", "MissingInstanceCount"),
        ("DAG.Tasks.other one.ClusterId", "MissingClusterId"),
    }


def test_advice_says_what_was_found_and_what_would_be_right():
    (typo,) = validate_job(job({"count": task(Tiemout=3)}))
    assert typo.advice == "There is no such field; did you mean Timeout?"
    (word,) = validate_job(job({"count": task(Timeout="1h")}))
    assert word.advice == "Found '1h'; expected a whole number without quotes."
    (cycle,) = validate_job(job({n: task() for n in "abc"}, {"a": ["b"], "b": ["c"], "c": ["a"]}))
    assert cycle.advice.count("->") == 3
    (unknown,) = validate_job(job({"count": task()}, {"count": ["cuont"]}))
    assert unknown.code == "InvalidDependencies"


def test_secrets_are_not_in_a_violation():
    secret = "hunter2-" * 200
    wrong = job({"count": task(Mounts={"OSS": {"AccessKeySecret": [secret], "AccessSecurityToken": [secret]}})})
    put(wrong, f"{T}.Parameters.Command.EnvVars", {"PASSWORD": secret})
    put(wrong, f"{T}.Parameters.Command.CommandLine", f"env PASSWORD={secret} ./program")
    violations = validate_job(wrong)
    assert len(violations) == 4
    assert "hunter2" not in "".join(map(str, violations))


def test_what_holds_a_template_is_left_for_execute_time():
    templated = job(
        {
            "count": task(
                InstanceCount="{{ params.n }}",
                Timeout="{% if a %}1{% endif %}",
                InputMapping={"{{ var.value.bucket }}/in/": "{{ params.dir }}"},
                AutoCluster="{{ params.cluster }}",
                ClusterId="",
            )
        },
        Name="job-{{ ds_nodash }}",
    )
    assert validate_job(templated) == []
    assert found(templated, templates=False) >= {
        ("Name", "InvalidName"),
        (f"{T}.InstanceCount", "InvalidInstanceCount"),
        (f"{T}.Timeout", "InvalidTimeout"),
        (f"{T}.AutoCluster", "InvalidAutoCluster"),
    }


@pytest.mark.parametrize("dag", ["{{ params.d }}", {"Tasks": "{{ params.d }}"}, [], None])
def test_odd_graphs_have_no_warnings(dag):
    assert job_warnings({"DAG": dag}) == []


def test_a_request_the_service_would_not_take():
    big = job(
        {
            f"t{n}": put(task(), "Parameters.Command.EnvVars", {f"V{i}": "x" * 1000 for i in range(60)})
            for n in range(16)
        }
    )
    assert found(big) == {("$", "InvalidHttpBody")}
    assert found(big, max_tasks=False) == set()


def test_more_than_16_tasks():
    many = job({f"t{number}": task() for number in range(17)})
    assert found(many) == {("DAG.Tasks", "InvalidTasks")}
    assert found(many, max_tasks=False) == set()
    for none in ({}, [], 3):
        wrong = put(job(), "DAG.Tasks", none)
        assert found(wrong) == found(wrong, max_tasks=False) == {("DAG.Tasks", "InvalidTasks")}


@given(graphs(max_tasks=16))
def test_acyclic_graphs_are_valid_and_closing_a_cycle_is_not(description):
    assert validate_job(description) == []
    edges = [(a, b) for a, targets in description["DAG"]["Dependencies"].items() for b in targets]
    for source, target in edges[:1]:
        closed = deepcopy(description)
        closed["DAG"]["Dependencies"].setdefault(target, []).append(source)
        assert [item.code for item in validate_job(closed)] == ["BadDAG"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(
        ["Name", "Type", "Priority", "Notification", "DAG", "DAG.Tasks", "DAG.Dependencies", T]
        + [f"{T}.{name}" for name in ("Parameters", "Mounts", "InputMapping", "AutoCluster", "InstanceCount")]
    ),
    json_values,
)
def test_no_json_value_anywhere_makes_the_rules_themselves_fail(path, value):
    description = put(job(), path, value)
    # For the rules an empty text is an absent value; the typed models want the value's own type.
    if not validate_job(description, templates=False) and value != "":
        JobDescription(description)


def fields_of_rules(node, path=""):
    for name, child in node.fields.items():
        yield f"{path}.{name}"
        yield from fields_of_rules(child.value or child, f"{path}.{name}")


def fields_of_models(model, path=""):
    for name, field in model.model_fields.items():
        yield f"{path}.{name}"
        for nested in models_in(field.annotation):
            yield from fields_of_models(nested, f"{path}.{name}")


def models_in(annotation):
    if isinstance(annotation, type) and issubclass(annotation, Description):
        return [annotation]
    return [found for inner in get_args(annotation) for found in models_in(inner)]


def test_rules_and_models_know_the_same_fields():
    assert set(fields_of_rules(TABLE._root)) == set(fields_of_models(JobDescription))
