"""Program without Airflow: walk through a PAI-DLC port; arguments: URL, AccessKey id and secret."""

from __future__ import annotations

import json
import logging
import sys

from airflow_provider_bcs.dlc import Client
from airflow_provider_bcs.dlc.port import DlcPort
from airflow_provider_bcs.dlc.target import JobTarget, PodTarget
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.http.session import RetryPolicy
from airflow_provider_bcs.waiting.polling import wait_for_end
from airflow_provider_bcs.waiting.port import ServicePort
from tests.dlc.jobs import job

log = logging.getLogger("walk")


def walk(port: DlcPort) -> dict[str, object]:
    """Use each method of the port; return the results."""
    service: ServicePort[JobTarget] = port
    owner = {"run": "port-walk", "generation": 0}
    failing = service.prepare(service.check_job(job("echo out of cheese; exit 3", DisplayName="port-walk")), log)
    job_id = service.submit(failing, owner, resume=False)
    again = service.submit(failing, owner, resume=False)
    endless = service.check_job(job("sleep 600", DisplayName="port-walk-stop"))
    running_owner = {"run": "port-walk-stop", "generation": 0}
    running = service.submit(endless, running_owner, resume=False)
    found = service.find(endless, running_owner)
    state = wait_for_end(service.poll(service.target(job_id), log), 0.1)
    error = service.explain(job_id, str(state))
    assert error is not None
    pods = port.read_all([PodTarget(job_id, "master-0"), PodTarget(job_id, "worker-0")])
    pod_states = {getattr(status, "outcome", None) for _, status in pods}
    service.stop(running, log)
    stopped = wait_for_end(service.poll(JobTarget(running), log), 0.1)
    states = [getattr(status, "outcome", status) for _, status in service.read_all(map(JobTarget, (job_id, running)))]
    service.check()
    for each in (job_id, running):
        service.delete(each)
    service.close()
    return {
        "violations": violations_of(service),
        "warnings": list(failing.warnings),
        "workspace": failing.get("WorkspaceId"),
        "found again": (again, found) == (job_id, running),
        "state": state,
        "stopped": stopped,
        "reason": "exit code 3" in str(error),
        "a pod failed": "Failed" in pod_states,
        "states": sorted(map(str, states)),
        "left to read": list(port.read_logs(job_id)),
    }


def violations_of(service: ServicePort[JobTarget]) -> int:
    """Return the number of rules that a wrong description breaks."""
    try:
        service.check_job({"DisplayName": "x"})
    except InvalidJobError as error:
        return len(error.violations)
    return 0


if __name__ == "__main__":
    url, key_id, secret = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    client = Client(url, key_id, secret, retry=RetryPolicy(attempts=3, first_wait=0.05, max_wait=0.1))
    results = walk(DlcPort(client, workspace_id="12345", log_limit=100))
    results["imports of airflow"] = [name for name in sys.modules if name.partition(".")[0] == "airflow"]
    print(json.dumps(results))
