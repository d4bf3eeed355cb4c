"""A BatchCompute job of one task becomes the body of a PAI-DLC job."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_bcs.batchcompute import TaskDescription
from airflow_provider_bcs.dlc import job_warnings, validate_job
from airflow_provider_bcs.dlc.conversion import FIELDS, Options, Site, convert
from tests.batchcompute.jobs import job, put, task

CLUSTER = {"ImageId": "img-ubuntu", "InstanceType": "bcs.a2.large"}
OPTIONS = Options(images={"img-ubuntu": "python:3.11"}, instance_types={"bcs.a2.large": "ecs.g6.large"})
SITE = Site.of("cn-shanghai")


def description(command: dict[str, Any] | None = None, whole: dict[str, Any] | None = None, **fields: Any) -> Any:
    """A job of one task; AutoCluster's fields are added to a good one."""
    fields["AutoCluster"] = {**CLUSTER, **fields.get("AutoCluster", {})}
    found = task("python run.py", **{"ClusterId": "", **fields})
    found["Parameters"]["Command"].update(command or {})
    return job({"count": found}, **(whole or {}))


def body(options: Options = OPTIONS, site: Site = SITE, **fields: Any) -> dict[str, Any]:
    """Convert what has nothing wrong; the service's own rules find nothing wrong either."""
    found, violations = convert(description(**fields), options, site)
    assert violations == []
    assert validate_job(found, templates=False) == []
    assert job_warnings(found) == []
    return found


def wrong(options: Options = OPTIONS, **fields: Any) -> str:
    """Convert what has one thing wrong."""
    (found,) = convert(description(**fields), options, SITE).violations
    return str(found)


def mounts(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(item["Uri"], item["MountPath"], item["MountAccess"]) for item in found["DataSources"]]


def test_a_plain_job():
    found = body(whole={"Description": "hello", "Name": "a-job-count"}, InstanceCount=3)
    assert found["DisplayName"] == "a-job-count"
    assert found["Description"] == "hello"
    assert found["JobType"] == "PyTorchJob"
    assert found["JobSpecs"] == [{"Type": "Worker", "PodCount": 3, "Image": "python:3.11", "EcsSpec": "ecs.g6.large"}]
    assert "'python' 'run.py'" in found["UserCommand"]
    assert "Priority" not in found


@pytest.mark.parametrize(("given_priority", "expected"), [(0, 1), (111, 1), (112, 2), (500, 5), (999, 9), (1000, 9)])
def test_priority_counts_on_a_quota(given_priority, expected):
    options = Options(image="i", instance_type={"CPU": "2", "Memory": "4Gi"}, dlc_job={"ResourceId": "quota1"})
    found = body(options, whole={"Priority": given_priority})
    assert found["Priority"] == expected
    assert found["JobSpecs"][0]["ResourceConfig"] == {"CPU": "2", "Memory": "4Gi"}


@settings(max_examples=200)
@given(st.integers(0, 1000), st.integers(0, 1000))
def test_priority_keeps_the_order(one, other):
    options = Options(image="i", instance_type={"CPU": "2"}, dlc_job={"ResourceId": "q"})
    first, second = (convert(description(whole={"Priority": n}), options).body["Priority"] for n in (one, other))
    assert 1 <= first <= 9
    assert (one <= other) <= (first <= second)


@pytest.mark.parametrize(
    ("timeout", "retries", "minutes"), [(1, 0, 61), (50, 0, 61), (51, 0, 62), (3600, 0, 121), (590, 2, 90)]
)
def test_the_net_below_the_timeout(timeout, retries, minutes):
    found = body(Timeout=timeout, MaxRetryCount=retries)
    assert found["JobMaxRunningTimeMinutes"] == minutes
    assert f"bc_timeout='{timeout}'" in found["UserCommand"]
    assert f"bc_attempts='{retries + 1}'" in found["UserCommand"]


def test_inputs_and_outputs():
    nas = {"Entries": [{"Source": "nas://0266e-ab1.cn-beijing.nas.aliyuncs.com:/share/", "Destination": "/nas/x"}]}
    assert "found NAS without UserVpc" in convert(description(Mounts=nas), OPTIONS, SITE).warnings[0]
    found = body(
        replace(OPTIONS, dlc_job={"UserVpc": {"VpcId": "vpc-1"}}),
        command={"PackagePath": "oss://bucket/pkg/p.tar.gz"},
        InputMapping={"oss://bucket/in/": "/home/in/", "oss://bucket/one file": "/home/f/one file"},
        OutputMapping={"/home/out/": "oss://bucket/out/", "/home/log": "oss://bucket/logs/log"},
        LogMapping={"/home/my.log": "oss://bucket/logs/"},
        Mounts=nas,
    )
    host = "oss-cn-shanghai-internal.aliyuncs.com"
    assert mounts(found) == [
        (f"oss://bucket.{host}/in/", "/home/in", "RO"),
        (f"oss://bucket.{host}/", "/batchcompute/oss/1", "RO"),
        ("nas://0266e.cn-beijing/share/", "/nas/x", "RO"),
        (f"oss://bucket.{host}/pkg/", "/batchcompute/oss/3", "RO"),
        (f"oss://bucket.{host}/out/", "/batchcompute/oss/4", "RW"),
        (f"oss://bucket.{host}/logs/", "/batchcompute/oss/5", "RW"),
    ]
    assert "bc_link '/batchcompute/oss/1/one file' '/home/f/one file'" in found["UserCommand"]


@pytest.mark.parametrize(
    ("local", "url"), [("/oss/p/out/", "oss://bucket/p/out/"), ("/oss/p/log", "oss://bucket/p/log")]
)
def test_an_output_of_a_writable_mount_is_the_mount_itself(local, url):
    entry = {"Source": "oss://bucket/", "Destination": "/oss/", "WriteSupport": True}
    found = body(Mounts={"Entries": [entry]}, OutputMapping={local: url})
    assert [place for _, place, _ in mounts(found)] == ["/oss"]
    assert "bc_way_0=" not in found["UserCommand"]
    assert local not in found["Envs"]["BATCH_COMPUTE_PRIVATE_PATHS"]
    assert "OutputMapping" in wrong(Mounts={"Entries": [entry]}, OutputMapping={local: "oss://other/x/"})
    assert "OutputMapping" in wrong(Mounts={"Entries": [{**entry, "WriteSupport": False}]}, OutputMapping={local: url})


@pytest.mark.parametrize(
    ("local", "url"), [("/oss/logs/app.log", "oss://bucket/logs/"), ("/oss/app.log", "oss://bucket/")]
)
def test_a_log_of_a_writable_mount_is_the_mount_itself(local, url):
    entry = {"Source": "oss://bucket/", "Destination": "/oss/", "WriteSupport": True}
    found = body(Mounts={"Entries": [entry]}, LogMapping={local: url})
    assert [place for _, place, _ in mounts(found)] == ["/oss"]
    assert "bc_way_0=" not in found["UserCommand"]
    assert f"bc_make_parent '{local}'" in found["UserCommand"]
    assert "LogMapping" in wrong(Mounts={"Entries": [entry]}, LogMapping={local: "oss://bucket/x/"})
    assert "LogMapping" in wrong(Mounts={"Entries": [{**entry, "WriteSupport": False}]}, LogMapping={local: url})


@pytest.mark.parametrize("field", ["OutputMapping", "LogMapping"])
@pytest.mark.parametrize(
    ("source", "url"),
    [("{{ params.root }}", "oss://bucket/logs/"), ("oss://bucket/", "{{ params.url }}"), ("{{ a }}", "{{ a }}logs/")],
)
def test_a_template_may_be_rendered_to_the_place_of_a_mount(field, source, url):
    entry = {"Source": source, "Destination": "/oss/", "WriteSupport": True}
    given = description(Mounts={"Entries": [entry]}, **{field: {"/oss/logs/app.log": url}})
    assert convert(given, OPTIONS, templates=True).violations == []


def test_a_stream_may_go_to_the_place_of_a_mount():
    entry = {"Source": "oss://bucket/", "Destination": "/oss/", "WriteSupport": True}
    found = description(Mounts={"Entries": [entry]})
    found["DAG"]["Tasks"]["count"]["Parameters"]["StdoutRedirectPath"] = "oss://bucket/"
    assert convert(found, OPTIONS, SITE).violations == []


@pytest.mark.parametrize(
    "image", ["LOCALHOST:5000/a", "localhost/a", "[::1]:5000/a", "http://localhost:5000/a", "oss://bucket/reg/a", " "]
)
def test_an_image_of_a_registry_in_oss_in_any_spelling(image):
    assert "A pod runs a container image of a registry." in wrong(command={"Docker": {"Image": image}})


@pytest.mark.parametrize("image", ["localhosts/a", "registry.cn-x.aliyuncs.com/a/b:1", "ubuntu"])
def test_an_image_of_another_registry(image):
    assert body(command={"Docker": {"Image": image}})["JobSpecs"][0]["Image"] == image


def test_settings_of_mounts_and_inputs_that_have_no_effect():
    own = {"Entries": [{"Source": "oss://bucket/a/", "Destination": "/home/a/"}]}
    assert body(Mounts=own, AutoCluster={"Configs": {"Mounts": {**own, "Lock": True, "CacheSupport": True}}})
    assert body(InputMapping={"oss://bucket/in/": ""}, WriteSupport=True)
    assert "WriteSupport" in wrong(InputMapping={"oss://bucket/in/": "/home/in/"}, WriteSupport=True)


def test_the_endpoint_of_the_objects():
    for endpoint in ("https://oss-cn-x.example/", "oss-cn-x.example"):
        found = body(site=Site.of("cn-x", endpoint), InputMapping={"oss://bucket/k/": "/home/k"})
        assert found["DataSources"][0]["Uri"] == "oss://bucket.oss-cn-x.example/k/"
        assert found["Envs"]["BATCH_COMPUTE_OSS_HOST"] == "oss-cn-x.example"
        assert found["Envs"]["BATCH_COMPUTE_REGION"] == "cn-x"


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        (
            {"InputMapping": {"oss://bucket/a/": "/x/d/", "oss://bucket/c/": "/x/d"}},
            ["oss://bucket/a/", "oss://bucket/c/"],
        ),
        (
            {"InputMapping": {"oss://bucket/a/": "/x/d/", "oss://bucket/c/": "/x/d/e"}},
            ["oss://bucket/a/", "oss://bucket/c/"],
        ),
        (
            {"InputMapping": {"oss://bucket/a/": "/x/d/", "oss://bucket/c": "/x/d/c"}},
            ["oss://bucket/a/", "oss://bucket/c"],
        ),
        (
            {"InputMapping": {"oss://bucket/a/": "/x"}, "OutputMapping": {"/x/y/": "oss://bucket/o/"}},
            ["InputMapping", "/x/y/"],
        ),
        ({"InputMapping": {"oss://bucket/a/": "/batchcompute/workdir/in"}}, ["the working directory"]),
        ({"InputMapping": {"oss://bucket/a/": "/batchcompute/oss/0"}}, ["its own files"]),
        ({"OutputMapping": {"/usr": "oss://bucket/o"}}, ["needs this directory itself"]),
        ({"OutputMapping": {"/dev/x": "oss://bucket/o"}}, ["needs this directory itself"]),
        ({"InputMapping": {"oss://bucket/a/": "E:"}}, ["'E:'", "absolute path"]),
        ({"OutputMapping": {"/a/../b": "oss://bucket/o"}}, ["'/a/../b'"]),
        ({"Mounts": {"Entries": [{"Source": "smb://h/x", "Destination": "/x"}]}}, ["smb://h/x", "oss:// or nas://"]),
    ],
)
def test_paths_that_cannot_be(fields, texts):
    message = wrong(**fields)
    assert all(text in message for text in texts), message


def test_paths_beside_each_other():
    body(
        InputMapping={
            "oss://bucket/a/": "/x/a",
            "oss://bucket/c/": "/x/ab",
            "oss://bucket/one": "/x/one",
            "oss://bucket/t": "/x/two",
        },
        OutputMapping={"/x/out/": "oss://bucket/o/", "/batchcompute/workdir/out/": "oss://bucket/p/"},
        LogMapping={"/x/out/log": "oss://bucket/l/"},
    )


def test_variables():
    found = body(command={"EnvVars": {"A": "α '\n", "RANK": "7", "PATH": "/x", "API_TOKEN": "hush"}})
    assert {name: found["Envs"][name] for name in ("A", "API_TOKEN", "BC_ENV_RANK", "BC_ENV_PATH")} == {
        "A": "α '\n",
        "API_TOKEN": "hush",
        "BC_ENV_RANK": "7",
        "BC_ENV_PATH": "/x",
    }
    assert not {"RANK", "PATH"} & set(found["Envs"])
    assert "hush" not in found["UserCommand"]
    message = wrong(command={"EnvVars": {"a-b": "hush"}})
    assert "EnvVars.a-b" in message
    assert "hush" not in message


@pytest.mark.parametrize(
    ("fields", "options", "image"),
    [
        ({}, {}, "python:3.11"),
        ({}, {"image": "mine"}, "mine"),
        ({"AutoCluster": {"ImageId": "", "ECSImageId": "m-1"}}, {"images": {"m-1": "of-m-1"}}, "of-m-1"),
        ({"command": {"Docker": {"Image": "theirs:1"}}}, {}, "theirs:1"),
        ({"command": {"EnvVars": {"BATCH_COMPUTE_DOCKER_IMAGE": "theirs:2"}}}, {}, "theirs:2"),
        ({"command": {"Docker": {"Image": "localhost:5000/a"}}}, {"images": {"localhost:5000/a": "b/a"}}, "b/a"),
    ],
)
def test_images(fields, options, image):
    found = body(Options(**{"images": OPTIONS.images, "instance_types": OPTIONS.instance_types, **options}), **fields)
    assert found["JobSpecs"][0]["Image"] == image


def test_images_and_instance_types_that_are_not_known():
    assert "'img-ubunto'; expected an entry of it in images, or image= for this task; did you mean img-ubuntu" in wrong(
        AutoCluster={"ImageId": "img-ubunto"}
    )
    assert "EnvVars.BATCH_COMPUTE_DOCKER_IMAGE" in wrong(
        command={"EnvVars": {"BATCH_COMPUTE_DOCKER_IMAGE": "localhost:5000/a"}}
    )
    in_oss = {"BATCH_COMPUTE_DOCKER_REGISTRY_OSS_PATH": "oss://bucket/registry/"}
    assert "EnvVars.BATCH_COMPUTE_DOCKER_IMAGE" in wrong(
        command={"EnvVars": {"BATCH_COMPUTE_DOCKER_IMAGE": "a/b", **in_oss}}
    )
    assert "Docker.Image" in wrong(command={"Docker": {"Image": "a/b"}, "EnvVars": in_oss})
    assert "did you mean bcs.a2.large" in wrong(AutoCluster={"InstanceType": "bcs.a2.larg"})
    assert body(AutoCluster={"InstanceType": "ecs.c6.large"})["JobSpecs"][0]["EcsSpec"] == "ecs.c6.large"


def test_spot_instances():
    priced = {"ResourceType": "Spot", "SpotStrategy": "SpotWithPriceLimit", "SpotPriceLimit": 0.5}
    found = body(AutoCluster=priced)["JobSpecs"][0]
    assert found["SpotSpec"] == {"SpotStrategy": "SpotWithPriceLimit", "SpotPriceLimit": 0.008333}
    as_it_goes = {"ResourceType": "Spot", "SpotStrategy": "SpotAsPriceGo"}
    assert body(AutoCluster=as_it_goes)["JobSpecs"][0]["ElasticSpotSpecs"] == [{"InstanceType": "ecs.g6.large"}]
    assert body(AutoCluster={"ResourceType": "Spot", "SpotPriceLimit": 0.5})["JobSpecs"] == [found]
    assert "SpotStrategy" in wrong(AutoCluster={"ResourceType": "Spot"})
    # No instance costs nothing: the job would wait for ever.
    assert "SpotStrategy" in wrong(AutoCluster={"ResourceType": "Spot", "SpotPriceLimit": 0})
    assert "ResourceType" in wrong(AutoCluster={"ResourceType": "PrePaid"})


def test_disks_and_reservations():
    disks = {"Disks": {"SystemDisk": {"Type": "cloud_ssd", "Size": 100}}}
    found = body(AutoCluster={"Configs": disks, "ReserveOnFail": True})
    assert found["JobSpecs"][0]["SystemDisk"] == {"Category": "cloud_ssd", "Size": 100}
    assert found["Settings"] == {"JobReservedPolicy": "OnFailure", "JobReservedMinutes": 60}
    own = {"Disks": {"SystemDisk": {"Type": "ephemeral", "Size": 40}}}
    assert body(AutoCluster={"Configs": own})["JobSpecs"][0]["SystemDisk"] == {"Size": 40}
    old = {"Disks": {"SystemDisk": {"Type": "cloud"}}}
    assert "cloud_efficiency or cloud_ssd" in wrong(AutoCluster={"Configs": old})


def test_a_fixed_cluster_needs_a_quota():
    assert "ResourceId of a quota in dlc_job, and its resources as instance_type, or 'ClusterId' in ignore" in wrong(
        ClusterId="cls-1"
    )
    options = Options(image="i", instance_type={"CPU": "2"}, dlc_job={"ResourceId": "quota1"})
    assert body(options, ClusterId="cls-1")["Envs"]["BATCH_COMPUTE_CLUSTER_ID"] == "cls-1"


def test_dlc_job_is_merged():
    extra = {
        "WorkspaceId": "268",
        "JobSpecs": [{"RestartPolicy": "Never"}],
        "Envs": {"MORE": "1"},
        "DataSources": [{"DataSourceId": "d-1", "MountPath": "/more"}],
    }
    options = Options(image="i", instance_type="ecs.x", dlc_job=extra)
    found = body(options, InputMapping={"oss://bucket/k/": "/home/k"})
    assert found["WorkspaceId"] == "268"
    assert found["JobSpecs"][0]["RestartPolicy"] == "Never"
    assert found["JobSpecs"][0]["EcsSpec"] == "ecs.x"
    assert found["Envs"]["MORE"] == "1"
    assert [item["MountPath"] for item in found["DataSources"]] == ["/home/k", "/more"]
    assert "dlc_job.UserCommand" in wrong(Options(image="i", instance_type="ecs.x", dlc_job={"UserCommand": "x"}))
    unknown = convert(description(), Options(image="i", instance_type="ecs.x", dlc_job={"ResorceId": "x"}))
    assert unknown.violations == []
    assert unknown.warnings == ["ResorceId: found a field that is not known here; did you mean ResourceId?"]


def test_a_request_that_is_too_large_names_what_makes_it():
    message = wrong(command={"EnvVars": {f"V{n}": "x" * 1024 for n in range(64)}})
    assert "Parameters.Command:" in message
    assert "EnvVars 66" in message


def test_a_job_of_one_task():
    two = job({"a": task(), "b": task()})
    assert [str(found) for found in convert(two, OPTIONS).violations] == [
        "DAG.Tasks: NotCarriedOver: One task becomes one program. Found 2 in job a-job; expected one task."
    ]


PARENTS = {path.rpartition(".")[0] for path in FIELDS.fates} - {""}
OF_TASK = [path for path in {*FIELDS.fates, *PARENTS} if path.split(".")[0] in TaskDescription.model_fields]
OF_JOB = ["DAG.Tasks.count", "DAG.Tasks", *({*FIELDS.fates, *PARENTS} - {*OF_TASK, "DAG.Dependencies"})]


@pytest.mark.parametrize("path", sorted([*OF_JOB, *(f"DAG.Tasks.count.{path}" for path in OF_TASK)]))
def test_a_template_can_stand_anywhere(path):
    pending = put(description(), path, "{{ params.x }}")
    assert convert(pending, OPTIONS, templates=True).violations == []


def test_what_is_there_all_the_same_is_checked():
    pending = description(Timeout="{{ params.t }}", AutoCluster={"ImageId": "unknown"})
    assert len(convert(pending, OPTIONS, templates=True).violations) == 1
    assert "{{ ds }}" in convert(description(command={"CommandLine": "run '{{ ds }}'"}), OPTIONS).body["UserCommand"]


def test_what_holds_a_template_waits():
    pending = description(
        command={"CommandLine": "run '{{ ds }}", "PackagePath": "{{ params.p }}"},
        InputMapping={"{{ params.i }}": "{{ params.l }}"},
        AutoCluster={"ImageId": "{{ params.i }}", "InstanceType": "{{ params.t }}", "UserData": "{{ params.u }}"},
        Timeout="{{ params.t }}",
        InstanceCount="{{ params.n }}",
    )
    assert convert(pending, OPTIONS, templates=True).violations == []
    assert len(convert(pending, OPTIONS).violations) >= 4
