"""Program without Airflow: walk through a BatchCompute port; arguments: URL, AccessKey id and secret, marker file."""

from __future__ import annotations

import json
import logging
import sys

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.batchcompute.port import BatchComputePort
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.oss.store import ObjectStore
from airflow_provider_bcs.waiting.polling import wait_for_end
from airflow_provider_bcs.waiting.port import ServicePort
from tests.local.service import job, task

log = logging.getLogger(__name__)


def walk(port: BatchComputePort) -> dict[str, object]:
    """Use each method of the port; return the results."""
    service: ServicePort[Target] = port
    owner = {"run": "port-walk", "generation": 0}
    failing = service.check_job(job({"a": task("sh -c 'echo out of cheese >&2; exit 3'")}, Name="port-walk"))
    prepared = service.prepare(failing, log)
    job_id = service.submit(prepared, owner, resume=False)
    found = service.submit(prepared, owner, resume=False), service.find(prepared, owner)
    state = wait_for_end(service.poll(service.target(job_id), log), 0.1)
    error = service.explain(job_id, str(state))
    assert error is not None
    running = service.check_job(job({"a": task("sleep 600")}))
    endless = service.submit(running, {"run": "port-walk-stop", "generation": 0}, resume=False)
    service.stop(endless, log)
    states = {
        str(target): getattr(status, "outcome", status)
        for target, status in service.read_all(map(Target, (job_id, endless)))
    }
    logged = list(service.read_logs(job_id))
    one_task = port.explain_task(job_id, "a", "Failed")
    service.check()
    for each in (job_id, endless):
        service.delete(each)
    remaining = [each.Id for each in port.client.list_jobs() if each.Id in (job_id, endless)]
    service.close()
    return {
        "violations": violations_of(service),
        "warnings": list(failing.warnings),
        "found again": set(found) == {job_id},
        "state": state,
        "failed": error.state,
        "reason": "out of cheese" in str(error),
        "exit codes": error.exit_codes,
        "exit codes of the task": one_task.exit_codes if one_task else None,
        "states": sorted(str(state) for state in states.values()),
        "logged": [line for line in logged if "out of cheese" in line],
        "remaining": remaining,
    }


def violations_of(service: ServicePort[Target]) -> int:
    """Return the number of rules that a wrong description breaks."""
    try:
        service.check_job({"Name": "x"})
    except InvalidJobError as error:
        return len(error.violations)
    return 0


if __name__ == "__main__":
    url, oss, key_id, secret = sys.argv[1:]
    client = Client(url, key_id, secret, retry=RetryPolicy(attempts=3, first_wait=0.05, max_wait=0.1))
    objects = ObjectStore("local", endpoint=oss, credentials=client.credentials)
    results = walk(BatchComputePort(client, lambda: objects))
    results["imports of airflow"] = [name for name in sys.modules if name.partition(".")[0] == "airflow"]
    print(json.dumps(results))
