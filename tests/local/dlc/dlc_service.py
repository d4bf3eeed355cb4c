"""Local service with the vendor's SDK as the client of PAI-DLC."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from alibabacloud_pai_dlc20201203 import models
from alibabacloud_pai_dlc20201203.client import Client
from alibabacloud_tea_openapi.models import Config

from airflow_provider_bcs.http import acs3
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from tests.local.service import Service, wait_until

ENDED = ("Succeeded", "Failed", "Stopped")


class DlcService(Service):
    """Service process whose methods have the names of operations."""

    def start(self) -> None:
        super().start()
        self.client = self.sdk()

    def sdk(self, key_id: str = "local", secret: str = ACCESS_KEY_SECRET, **options: Any) -> Client:
        endpoint = self.ready["dlc"].removeprefix("http://")
        return Client(
            Config(
                endpoint=endpoint,
                protocol="HTTP",
                region_id="local",
                access_key_id=key_id,
                access_key_secret=secret,
                **options,
            )
        )

    def create(self, job: dict[str, Any], token: str = "") -> str:
        request = models.CreateJobRequest().from_map(job)
        job_id: str = self.client.create_job(request).body.job_id
        return job_id

    def get_job(self, job_id: str) -> dict[str, Any]:
        """Return the response body of GetJob, without the models of the SDK."""
        return self.answer("GET", f"/api/v1/jobs/{job_id}")

    def status(self, job_id: str) -> str:
        status: str = self.get_job(job_id)["Status"]
        return status

    def wait_for(self, job_id: str, *statuses: str, timeout: float = 20) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def reached() -> bool:
            found.update(self.get_job(job_id))
            assert found["Status"] in statuses or found["Status"] not in ENDED, found
            return found["Status"] in statuses

        wait_until(reached, timeout)
        return found

    def run_job(self, job: dict[str, Any], status: str = "Succeeded") -> dict[str, Any]:
        return self.wait_for(self.create(job), status)

    def logs(self, job_id: str, pod: str = "master-0", **query: Any) -> list[str]:
        """Return the lines of GetPodLogs with timestamps."""
        request = models.GetPodLogsRequest(**query)
        lines: list[str] = self.client.get_pod_logs(job_id, f"{job_id}-{pod}", request).body.logs
        return lines

    def texts(self, job_id: str, pod: str = "master-0", **query: Any) -> list[str]:
        """Return the lines of GetPodLogs without timestamps."""
        return [line[20:] for line in self.logs(job_id, pod, **query)]

    def list_jobs(self, **query: str) -> list[str]:
        """Return the JobIds on a page of ListJobs."""
        body = self.answer("GET", "/api/v1/jobs", query)
        return [item["JobId"] for item in body["Jobs"]]

    def answer(self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None) -> Any:
        response = self.send(method, path, query, body)
        assert response.status_code == 200, response.text
        return response.json()

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        unsigned: Mapping[str, str] | None = None,
        **headers: str,
    ) -> requests.Response:
        """Send a request that this package's functions sign.

        :param body: is sent as JSON, bytes as they are
        :param unsigned: headers that are not signed
        :param headers: values that replace those of a good request, ``-`` written ``_``; an empty one leaves it out
        """
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        text = acs3.encode_query(query or {})
        signed = {
            "host": self.url.removeprefix("http://"),
            "x-acs-version": "2020-12-03",
            "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-content-sha256": hashlib.sha256(data).hexdigest(),
            **({"content-type": "application/json"} if data else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        signed = {name: value for name, value in signed.items() if value}
        names = acs3.signed_headers(signed)
        canonical = acs3.canonical_request(method, path, text, {"x-acs-content-sha256": "", **signed}, names)
        signed["authorization"] = acs3.authorization("local", names, acs3.signature(ACCESS_KEY_SECRET, canonical))
        url = f"{self.url}{path}{'?' + text if text else ''}"
        return requests.request(method, url, data=data, headers={**signed, **(unsigned or {})}, timeout=30)


def dlc_job(command: str, pods: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a PyTorchJob of ``pods`` workers; RestartPolicy becomes a field of its JobSpec."""
    spec: dict[str, Any] = {"Type": "Worker", "PodCount": pods, "Image": "i", "EcsSpec": "ecs.c6.large"}
    if "RestartPolicy" in fields:
        spec["RestartPolicy"] = fields.pop("RestartPolicy")
    return {"DisplayName": "test", "JobType": "PyTorchJob", "JobSpecs": [spec], "UserCommand": command, **fields}


def role(kind: str, command: str = "", pods: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a JobSpec with its own command."""
    spec = {"Type": kind, "PodCount": pods, "Image": "i", "EcsSpec": "ecs.c6.large", **fields}
    return {**spec, "UserCommand": command} if command else spec


def statuses(job: dict[str, Any]) -> list[str]:
    return [item["Status"] for item in job["StatusHistory"]]


def write_dataset(service: DlcService, path: str, name: str, text: str) -> Path:
    file = service.data_dir / path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file
