"""Compatibility with the vendor's SDK."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_pai_dlc20201203 import models
from alibabacloud_pai_dlc20201203.client import Client
from darabonba.exceptions import DaraException

from tests.local.service import wait_until

from .dlc_service import DlcService, dlc_job, role, statuses


class Asynchronous:
    """Asynchronous methods of the vendor's client, called like the synchronous ones."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._client, f"{operation}_async")

        def call(*arguments: Any) -> Any:
            async def run() -> Any:
                return await method(*arguments)

            return asyncio.run(run())

        return call


def synchronous(client: Client) -> Client:
    return client


Kind = Callable[[Client], Any]
KINDS = [synchronous, Asynchronous]


@pytest.fixture(params=KINDS)
def sdk(request: pytest.FixtureRequest, dlc: DlcService) -> Any:
    return request.param(dlc.client)


def test_a_job_from_create_to_delete(dlc: DlcService, sdk: Any) -> None:
    job = dlc_job("echo out; echo err >&2", DisplayName="life", Envs={"A": "1"}, Settings={"Tags": {"k": "v"}})
    created = sdk.create_job(models.CreateJobRequest().from_map(job)).body
    assert re.fullmatch(r"dlc[a-z0-9]{13}", created.job_id)
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", created.request_id)
    dlc.wait_for(created.job_id, "Succeeded")
    found = sdk.get_job(created.job_id, models.GetJobRequest(need_detail=False)).body
    assert (found.display_name, found.job_type, found.envs) == ("life", "PyTorchJob", {"A": "1"})
    assert (found.reason_code, found.settings.tags) == ("JobSucceeded", {"k": "v"})
    [pod] = found.pods
    assert (pod.pod_id, pod.type, pod.status) == (f"{created.job_id}-master-0", "master", "Succeeded")
    logs = sdk.get_pod_logs(created.job_id, pod.pod_id, models.GetPodLogsRequest()).body
    assert sorted(line[20:] for line in logs.logs) == ["err", "out"]
    assert logs.pod_uid == pod.pod_uid
    events = sdk.get_job_events(created.job_id, models.GetJobEventsRequest()).body.events
    assert any(re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d Created pod: {pod.pod_id}", line) for line in events)
    pod_events = sdk.get_pod_events(created.job_id, pod.pod_id, models.GetPodEventsRequest()).body.events
    assert set(pod_events) < set(events)
    last = sdk.get_job_events(created.job_id, models.GetJobEventsRequest(max_events_num=1)).body.events
    assert last == events[-1:]
    listed = sdk.list_jobs(models.ListJobsRequest(job_ids=created.job_id, show_own=True)).body
    assert (listed.total_count, listed.jobs[0].status) == (1, "Succeeded")
    assert (listed.jobs[0].request_gpu, listed.jobs[0].request_memory) == ("0", "4Gi")
    assert sdk.delete_job(created.job_id).body.job_id == created.job_id
    with pytest.raises(DaraException) as caught:
        sdk.get_job(created.job_id, models.GetJobRequest())
    assert (caught.value.status_code, caught.value.code) == (404, "NotFound")
    wait_until(lambda: not (dlc.data_dir / "pods" / created.job_id).exists())


def test_update(dlc: DlcService, sdk: Any) -> None:
    job_id = dlc.create(dlc_job("sleep 60"))
    dlc.wait_for(job_id, "Running")
    request = models.UpdateJobRequest(accessibility="PUBLIC", description="new", priority=5)
    assert sdk.update_job(job_id, request).body.job_id == job_id
    found = dlc.get_job(job_id)
    assert (found["Accessibility"], found["Description"], found["Priority"]) == ("PUBLIC", "new", 1)
    for wrong in ({"Accessibility": "PRIVATE"}, {"Priority": 10}, {"Description": 1}):
        assert dlc.send("PUT", f"/api/v1/jobs/{job_id}", body=wrong).json()["Code"] == "InvalidParameter"
    with pytest.raises(DaraException, match="BadRequest|only jobs that have ended"):
        sdk.delete_job(job_id)
    sdk.stop_job(job_id)
    dlc.wait_for(job_id, "Stopped")
    with pytest.raises(DaraException) as caught:
        sdk.stop_job(job_id)
    assert (caught.value.status_code, caught.value.code) == (400, "BadRequest")


def test_tags(dlc: DlcService) -> None:
    job_id = dlc.create(dlc_job("true", Settings={"Tags": {"a": "1"}}))
    tags = [models.TagResourcesRequestTag(key="b", value="α 1"), models.TagResourcesRequestTag(key="a", value="2")]
    dlc.client.tag_resources(
        models.TagResourcesRequest(region_id="local", resource_type="Job", resource_id=[job_id], tag=tags)
    )
    assert dlc.get_job(job_id)["Settings"]["Tags"] == {"a": "2", "b": "α 1"}
    assert dlc.client.list_jobs(models.ListJobsRequest(tags={"b": "α 1", "a": "2"})).body.total_count == 1
    request = models.UntagResourcesRequest(resource_type="Job", resource_id=[job_id], tag_key=["a"], all=False)
    dlc.client.untag_resources(request)
    assert dlc.get_job(job_id)["Settings"]["Tags"] == {"b": "α 1"}
    for wrong in ({"Key": "acs:x"}, {"Key": "http://x"}, {"Value": "v"}, 1):
        body = {"ResourceType": "Job", "ResourceId": [job_id], "Tag": [wrong]}
        assert dlc.send("POST", "/api/v1/tags", body=body).status_code == 400


def test_ecs_specs(dlc: DlcService, sdk: Any) -> None:
    everything = sdk.list_ecs_specs(models.ListEcsSpecsRequest()).body
    gpus = sdk.list_ecs_specs(models.ListEcsSpecsRequest(accelerator_type="GPU")).body
    assert 0 < gpus.total_count < everything.total_count == len(everything.ecs_specs)
    assert all(spec.gpu and spec.is_available for spec in gpus.ecs_specs)
    one = sdk.list_ecs_specs(models.ListEcsSpecsRequest(instance_types="ecs.c6.large,nothing")).body
    assert [(spec.cpu, spec.memory) for spec in one.ecs_specs] == [(2, 4)]
    for sort_by, name in (("CPU", "cpu"), ("GPU", "gpu"), ("Gpu", "gpu"), ("Memory", "memory")):
        up, down = (
            sdk.list_ecs_specs(models.ListEcsSpecsRequest(sort_by=sort_by, order=order)).body.ecs_specs
            for order in ("asc", "desc")
        )
        values = [getattr(spec, name) for spec in up]
        assert values == sorted(values)
        assert [spec.instance_type for spec in down] == [spec.instance_type for spec in reversed(up)]
    for wrong in ({"SortBy": "Colour"}, {"Order": "up"}):
        assert dlc.send("GET", "/api/v1/ecsspecs", wrong).json()["Code"] == "InvalidParameter"
    page = sdk.list_ecs_specs(models.ListEcsSpecsRequest(page_number=2, page_size=2)).body
    assert [spec.instance_type for spec in page.ecs_specs] == [spec.instance_type for spec in everything.ecs_specs[2:4]]
    assert page.total_count == everything.total_count
    job = dlc_job("true")
    job["JobSpecs"][0]["EcsSpec"] = "ecs.unknown.large"
    dlc.run_job(job)


def test_metrics_are_those_of_the_processes(dlc: DlcService) -> None:
    # One process computes, writes and holds 64 MB; the other one sleeps.
    busy = (
        "import os\nx = b'x' * 2**26\nwith open('f', 'wb') as f:\n while 1: f.seek(0); f.write(x[:2**20]); os.fsync(f)"
    )
    job = {**dlc_job(""), "JobSpecs": [role("Master", f'exec python -c "{busy}"'), role("Worker", "sleep 600")]}
    del job["UserCommand"]
    job_id = dlc.create(job)

    def series(kind: str) -> dict[str, list[Any]]:
        body = dlc.client.get_job_metrics(job_id, models.GetJobMetricsRequest(metric_type=kind, time_step="1s")).body
        return {item.pod_id.removeprefix(job_id): item.metrics for item in body.pod_metrics}

    wait_until(lambda: len(series("CpuCoreUsage").get("-master-0", ())) > 1)
    cpu, memory, written = series("CpuCoreUsage"), series("MemoryUsage"), series("DiskWriteRate")
    assert 0.02 < cpu["-master-0"][-1].value < 3
    assert cpu["-worker-0"][-1].value < 0.02
    assert 2**26 < memory["-master-0"][-1].value < 2**29
    assert written["-master-0"][-1].value > 2**20
    assert set(map(len, series("GpuCoreUsage").values())) == {0}
    times = [point.time for point in cpu["-master-0"]]
    assert times == sorted(set(times))
    assert times[0] % 1000 == 0
    for wrong in ({}, {"MetricType": "Nothing"}, {"MetricType": "MemoryUsage", "TimeStep": "x"}):
        assert dlc.send("GET", f"/api/v1/jobs/{job_id}/metrics", wrong).status_code == 400
    dlc.client.stop_job(job_id)


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_secret(dlc: DlcService, kind: Kind) -> None:
    with pytest.raises(DaraException) as caught:
        kind(dlc.sdk(secret="wrong")).list_jobs(models.ListJobsRequest())
    assert (caught.value.status_code, caught.value.code) == (400, "SignatureDoesNotMatch")
    with pytest.raises(DaraException) as caught:
        kind(dlc.sdk(key_id="other")).create_job(models.CreateJobRequest().from_map(dlc_job("true")))
    assert (caught.value.status_code, caught.value.code) == (404, "InvalidAccessKeyId.NotFound")


def test_bad_requests(dlc: DlcService, sdk: Any) -> None:
    for change, code in (({"JobType": "Custom"}, "InvalidParameter"), ({"UserCommand": None}, "MissingParameter")):
        with pytest.raises(DaraException) as caught:
            sdk.create_job(models.CreateJobRequest().from_map({**dlc_job("true"), **change}))
        assert (caught.value.status_code, caught.value.code) == (400, code)
        assert next(iter(change)) in str(caught.value)
    with pytest.raises(DaraException) as caught:
        sdk.get_pod_logs("dlc0000000000000", "dlc0000000000000-master-0", models.GetPodLogsRequest())
    assert (caught.value.status_code, caught.value.code) == (404, "NotFound")


def test_security_token_is_accepted_and_not_shown(dlc: DlcService) -> None:
    assert dlc.sdk(security_token="t+/=").list_jobs(models.ListJobsRequest()).status_code == 200
    with pytest.raises(DaraException) as caught:
        dlc.sdk(secret="wrong", security_token="secret-token").list_jobs(models.ListJobsRequest())
    assert "secret-token" not in str(caught.value)
    assert "x-acs-security-token" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        (b"{", "InvalidParameter", "JSON"),
        (b"[]", "InvalidParameter", "object"),
        (b"\xff", "InvalidParameter", "UTF-8"),
        (b'{"DisplayName": "\\ud800"}', "InvalidParameter", "UTF-8"),
        ({}, "MissingParameter", "DisplayName"),
        (dlc_job("true", JobType="Custom"), "InvalidParameter", "JobType"),
        (dlc_job("true", pods=0), "InvalidParameter", "JobSpecs.0.PodCount"),
        (dlc_job("true", pods=10**9), "InvalidParameter", "JobSpecs"),
        (dlc_job("x" * 70_000), "InvalidParameter", "65536"),
    ],
)
def test_bad_bodies(dlc: DlcService, body: Any, code: str, text: str) -> None:
    response = dlc.send("POST", "/api/v1/jobs", body=body)
    assert (response.status_code, response.json()["Code"]) == (400, code)
    assert text in response.json()["Message"]


def test_a_field_that_is_not_known_is_ignored(dlc: DlcService) -> None:
    """PAI-DLC grows: the client warns of such a field, and the job runs."""
    assert dlc.send("POST", "/api/v1/jobs", body=dlc_job("true", Nothing=1)).status_code == 200


def test_a_template_is_not_known(dlc: DlcService) -> None:
    response = dlc.send("POST", "/api/v1/jobs", body=dlc_job("true", TemplateId="tpl1"))
    assert (response.status_code, response.json()["Code"]) == (404, "NotFound.JobTemplate")


def test_the_fields_of_a_job(dlc: DlcService) -> None:
    """Check the raw responses against the documented ones."""
    spec = {
        "Type": "Worker",
        "PodCount": 2,
        "Image": "i",
        "ResourceConfig": {"CPU": "2", "Memory": "512Mi", "GPU": "1"},
    }
    spec["ImageConfig"] = {"Username": "u", "Password": "hidden-1", "Auth": "hidden-2"}
    role_item = {"RoleArn": "hidden-3", "RoleType": "user"}
    job = {
        **dlc_job("true", ResourceId="quota1", WorkspaceId="268", JobMaxRunningTimeMinutes=5),
        "JobSpecs": [spec],
        "CredentialConfig": {"CredentialConfigItems": [{"Key": "0", "Type": "Role", "Roles": [role_item]}]},
        "DataSources": [{"Uri": "oss://b.oss-cn-x.aliyuncs.com/p/", "MountPath": "/mnt/p"}],
        "CodeSource": {"CodeSourceId": "code-1"},
        "UserVpc": {"VpcId": "vpc-1", "SwitchId": "s", "SecurityGroupId": "g", "ExtendedCIDRs": ["10.0.0.0/8"]},
    }
    done = dlc.run_job(job)
    assert "hidden" not in str(done)
    assert (done["RequestCPU"], done["RequestGPU"], done["RequestMemory"]) == (4, 2.0, 1.0)
    assert done["DataSources"] == [
        {"DataSourceId": "", "Uri": "oss://b.oss-cn-x.aliyuncs.com/p/", "MountPath": "/mnt/p"}
    ]
    assert done["CodeSource"] == {"CodeSourceId": "code-1", "Branch": "", "Commit": "", "MountPath": ""}
    assert done["UserVpc"]["ExtendedCidrs"] == ["10.0.0.0/8"]
    assert (done["RestartTimes"], done["WorkspaceId"], done["ResourceId"]) == ("0/10", "268", "quota1")
    assert statuses(done) == ["Creating", "Queuing", "EnvPreparing", "Running", "Succeeded"]
    assert [item["EndTime"] for item in done["StatusHistory"]][-1] == ""
    for earlier, later in zip(done["StatusHistory"], done["StatusHistory"][1:], strict=False):
        assert earlier["EndTime"] == later["StartTime"]
    assert done["GmtSuccessedTime"] == done["GmtFinishTime"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", done["GmtFinishTime"])
    assert (done["GmtFailedTime"], done["GmtStoppedTime"]) == ("", "")
    assert [pod["Type"] for pod in done["Pods"]] == ["master", "worker"]
    assert [item["Type"] for item in done["JobReplicaStatuses"]] == ["master", "worker"]
    [item] = dlc.answer("GET", "/api/v1/jobs", {"JobId": done["JobId"].upper()})["Jobs"]
    assert (item["RequestGPU"], item["RequestMemory"], item["DataSources"]) == (
        "2",
        "1Gi",
        [{"DataSourceId": "", "MountPath": "/mnt/p"}],
    )
    assert not {"Description", "CustomEnvs", "RestartRecord", "RoleSystemEnvs"} & set(item)
    assert item["Pods"][0]["PodIp"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v1"),
        ("PATCH", "/api/v1/jobs"),
        ("GET", "/api/v1/tensorboards"),
        ("GET", "/api/v1/jobs/dlc1/pods/x/webterminal"),
        ("GET", "/api/v1/jobs/dlc1"),
        ("GET", "/api/v1/jobs/dlc1/events"),
        ("GET", "/api/v1/jobs/dlc1/pods/dlc1-master-0/logs"),
        ("POST", "/api/v1/jobs/dlc1/stop"),
        ("DELETE", "/api/v1/jobs/dlc1"),
    ],
)
def test_not_found(dlc: DlcService, method: str, path: str) -> None:
    response = dlc.send(method, path)
    body = response.json()
    assert (response.status_code, body["Code"]) == (404, "NotFound")
    assert body["RequestId"] == response.headers["x-acs-request-id"]
    assert body["HostId"] == dlc.url.removeprefix("http://")
    assert set(body) == {"Code", "Message", "RequestId", "HostId"}
