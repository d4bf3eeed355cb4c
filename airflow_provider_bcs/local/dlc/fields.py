"""Jobs and pods in the responses of GetJob and ListJobs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_bcs.dlc.facts import (
    FAILED,
    HOLDING,
    JOB_DEFAULTS,
    POD_PENDING,
    RESTARTING,
    RUNNING,
    STOPPED,
    SUCCEEDED,
)
from airflow_provider_bcs.local.account import ACCOUNT_ID
from airflow_provider_bcs.local.shim.result import Result

from .clock import utc
from .jobs import Job, Jobs, Pod
from .policies import MAX_RESTARTS
from .resources import requested

#: Name of the user who owns all jobs.
USERNAME = "local"

_ADDRESS = "127.0.0.1"
_SECRET_IMAGE_FIELDS = ("Auth", "Password")


def without_secrets(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a CreateJob body without passwords, credentials, and options that may hold keys."""
    kept = {name: value for name, value in body.items() if name not in ("CredentialConfig", "Options")}
    kept["JobSpecs"] = [
        {**spec, "ImageConfig": _without(image, *_SECRET_IMAGE_FIELDS)} if (image := spec.get("ImageConfig")) else spec
        for spec in body["JobSpecs"]
    ]
    if sources := body.get("DataSources"):
        kept["DataSources"] = [_without(source, "Options") for source in sources]
    return kept


def _without(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def job_detail(jobs: Jobs, job: Job, result: Callable[[Job, Pod], Result | None]) -> dict[str, Any]:
    """Return a job for the response of GetJob."""
    resources = requested(job.body)
    pods = [
        {
            **_pod_detail(jobs, incarnations[-1]),
            **_status_detail(result(job, incarnations[-1])),
            "HistoryPods": [_pod_detail(jobs, pod) for pod in incarnations[:-1]],
        }
        for incarnations in jobs.pods(job).values()
    ]
    return {
        **_common(jobs, job),
        "Description": job.body.get("Description") or "",
        "CustomEnvs": job.body.get("CustomEnvs") or [],
        "DataSources": _data_sources(job, "DataSourceId", "MountPath", "Uri"),
        "RequestGPU": resources.gpu,
        "RequestMemory": resources.memory,
        "RestartRecord": [],
        "RoleSystemEnvs": {},
        "Pods": pods,
    }


def job_item(jobs: Jobs, job: Job) -> dict[str, Any]:
    """Return a job for the response of ListJobs."""
    resources = requested(job.body)
    pods = [
        {**_pod(incarnations[-1]), "PodIp": _ADDRESS, "HistoryPods": [_pod(pod) for pod in incarnations[:-1]]}
        for incarnations in jobs.pods(job).values()
    ]
    return {
        **_common(jobs, job),
        "DataSources": _data_sources(job, "DataSourceId", "MountPath"),
        "EnablePreemptibleJob": False,
        "GmtModifiedTime": utc(job.modified),
        "IsDeleted": False,
        "NodeCount": str(job.pod_count),
        "NodeNames": [os.uname().nodename],
        "RequestGPU": f"{resources.gpu:g}",
        "RequestMemory": f"{resources.memory:g}Gi",
        "ResourceName": "",
        "ResourceQuotaName": "",
        "RetryCount": job.restarts,
        "SystemEnvs": {},
        "TemplateId": "",
        "TemplateName": "",
        "UseOversoldResource": False,
        "UserScript": "",
        "Username": USERNAME,
        "WorkingDir": "",
        "Pods": pods,
    }


def _common(jobs: Jobs, job: Job) -> dict[str, Any]:
    ended = {status: utc(job.finished if job.status == status else None) for status in (SUCCEEDED, FAILED, STOPPED)}
    until = jobs.clock.now() if job.finished is None else job.finished
    return {
        **{name: job.body.get(name) or default for name, default in JOB_DEFAULTS.items()},
        "JobId": job.id,
        "DisplayName": job.display_name,
        "JobType": job.job_type,
        "Status": job.status,
        "SubStatus": RESTARTING if job.status == RESTARTING else "",
        "ReasonCode": job.reason_code,
        "ReasonMessage": job.reason_message,
        "StatusHistory": _history(jobs, job),
        "GmtCreateTime": utc(job.created),
        "GmtSubmittedTime": utc(job.submitted),
        "GmtRunningTime": utc(job.running),
        "GmtSuccessedTime": ended[SUCCEEDED],
        "GmtFailedTime": ended[FAILED],
        "GmtStoppedTime": ended[STOPPED],
        "GmtFinishTime": utc(job.finished),
        "Duration": int(until) - int(job.created),
        "Priority": job.priority,
        "JobSpecs": job.body["JobSpecs"],
        "JobReplicaStatuses": _replicas(job, jobs.present_pods(job)),
        "CodeSource": _picked(job.body.get("CodeSource"), "CodeSourceId", "Branch", "Commit", "MountPath"),
        "UserVpc": _vpc(job.body.get("UserVpc")),
        "WorkspaceId": job.workspace_id,
        "WorkspaceName": job.workspace_id,
        "UserId": str(ACCOUNT_ID),
        "TenantId": str(ACCOUNT_ID),
        "ResourceLevel": "L0",
        "ResourceType": "ECS",
        "ClusterId": "",
        "RequestCPU": int(requested(job.body).cpu),
        "RestartTimes": f"{job.restarts}/{MAX_RESTARTS}",
        "EnabledDebugger": False,
        "supportedProfilingTypes": "",
    }


def _history(jobs: Jobs, job: Job) -> list[dict[str, str]]:
    rows = jobs.store.rows("SELECT * FROM dlc_history WHERE job = ? ORDER BY rowid", job.number)
    return [
        {
            "Status": row["status"],
            "StartTime": utc(row["started"]),
            "EndTime": utc(row["ended"]),
            "ReasonCode": row["reason_code"],
            "ReasonMessage": row["reason_message"],
        }
        for row in rows
    ]


def _replicas(job: Job, pods: Sequence[Pod]) -> list[dict[str, Any]]:
    """Count pods by Type; assumption: pods of a job that waits for resources are Queuing."""
    counts: dict[str, dict[str, Any]] = {}
    present = {pod.position: pod.status for pod in pods}
    waits = job.status not in (*HOLDING, SUCCEEDED, FAILED, STOPPED)
    for position, place in enumerate(job.places):
        status = present.get(position)
        count = counts.setdefault(place.role, {"Type": place.role, "Active": 0, "Queuing": 0, "Dequeued": 0})
        count["Active"] += status == RUNNING
        count["Queuing"] += status == POD_PENDING or (waits and status != SUCCEEDED)
    return list(counts.values())


def _pod(pod: Pod) -> dict[str, Any]:
    return {
        "PodId": pod.id,
        "PodUid": pod.uid,
        "Type": pod.role,
        "Status": pod.status,
        "SubStatus": "Normal",
        "Ip": _ADDRESS,
        "PodIps": [{"InterfaceName": "lo", "Ip": _ADDRESS}],
        "NodeName": os.uname().nodename,
        "GmtCreateTime": utc(pod.created),
        "GmtStartTime": utc(pod.started),
        "GmtFinishTime": utc(pod.finished),
        "supportedProfilingTypes": "",
    }


def _pod_detail(jobs: Jobs, pod: Pod) -> dict[str, Any]:
    until = jobs.clock.now() if pod.finished is None else pod.finished
    return {**_pod(pod), "Duration": float(int(until) - int(pod.created)), "ResourceType": "Normal"}


def _status_detail(result: Result | None) -> dict[str, Any]:
    if result is None:
        return {}
    # A pod whose command did not run has no exit code of its own.
    code = str(result["ExitCode"]) if result["ErrorCode"] == "CommandFailed" else ""
    reason, message = ("", "") if code else (result["ErrorCode"], result["ErrorMessage"])
    return {"StatusDetail": {"ExitCode": code, "Reason": reason, "Message": message}}


def _data_sources(job: Job, *names: str) -> list[dict[str, str]]:
    return [_picked(item, *names) for item in job.body.get("DataSources") or ()]


def _vpc(submitted: Mapping[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = _picked(submitted, "VpcId", "SwitchId", "SecurityGroupId", "DefaultRoute")
    # The request spells this field ExtendedCIDRs, the response ExtendedCidrs.
    return {**found, "ExtendedCidrs": (submitted or {}).get("ExtendedCIDRs") or []}


def _picked(fields: Mapping[str, Any] | None, *names: str) -> dict[str, str]:
    return {name: (fields or {}).get(name) or "" for name in names}
