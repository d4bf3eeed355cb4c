"""Pods of a job, their ports, and the variables that the platform sets in them."""

from __future__ import annotations

import json
import re
import socket
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from airflow_provider_bcs.local.account import ACCOUNT_ID

from .resources import gpus

#: JobTypes whose first worker becomes the master when JobSpecs has no master.
_MASTER_TYPES = ("PyTorchJob", "XGBoostJob", "OneFlowJob", "ElasticBatchJob")
_MASTER_PORT = 23456
_TF_PORT = 2222
#: Ports for ``customPortNumPerWorker``: below the range from which Linux takes the ports of clients.
CUSTOM_PORTS = range(10_000, 32_768)
_COUNT = re.compile(r"[0-9]{1,5}")
_LOOPBACK = "127.0.0.1"


class Place(NamedTuple):
    """Place of a pod in its job.

    :ivar role: Type in lower case, after the promotion of a worker to master
    :ivar number: index within the role
    :ivar spec: index in JobSpecs
    """

    role: str
    number: int
    spec: int

    def name(self, job_id: str) -> str:
        """Return the PodId, which is also the pod's host name."""
        return f"{job_id}-{self.role}-{self.number}"


def places(body: Mapping[str, Any]) -> list[Place]:
    """Return the places of a job's pods: masters first, then in the order of JobSpecs."""
    roles = [
        (spec["Type"].lower(), position)
        for position, spec in enumerate(body["JobSpecs"])
        for _ in range(spec["PodCount"])
    ]
    if body["JobType"] in _MASTER_TYPES:
        if all(role != "master" for role, _ in roles):
            roles[0] = ("master", roles[0][1])
        roles.sort(key=lambda item: item[0] != "master")
    seen: Counter[str] = Counter()
    found = []
    for role, spec in roles:
        found.append(Place(role, seen[role], spec))
        seen[role] += 1
    return found


def host_names(job_id: str, job_places: Sequence[Place]) -> list[str]:
    """Return the host names of all pods of a job."""
    names = [place.name(job_id) for place in job_places]
    return [*names, *map(_service_name, names)]


def custom_port_count(body: Mapping[str, Any]) -> int:
    """Return how many ports each pod gets by ``customPortNumPerWorker``, which PyTorchJobs have."""
    advanced = (body.get("Settings") or {}).get("AdvancedSettings") or {}
    text = str(advanced.get("customPortNumPerWorker") or "")
    return int(text) if body["JobType"] == "PyTorchJob" and _COUNT.fullmatch(text) else 0


def free_ports(body: Mapping[str, Any], taken: Collection[int]) -> list[int] | None:
    """Return the ports of a job: one for the master, one per pod for a TFJob, and the custom ports of all pods.

    The search for the first ones begins at the documented port, because all pods share the network of this machine.

    :param taken: ports of other admitted jobs
    :return: None when too few ports are free for the custom ports
    """
    if body["JobType"] in _MASTER_TYPES:
        first, count = _MASTER_PORT, 1
    else:
        first, count = _TF_PORT, len(places(body)) if body["JobType"] == "TFJob" else 0
    found: list[int] = []
    while len(found) < count:
        if first not in taken and _is_free(first):
            found.append(first)
        first += 1
    missing = custom_port_count(body) * len(places(body))
    free = (port for port in CUSTOM_PORTS if port not in taken and port not in found and _is_free(port))
    custom = list(islice(free, missing))
    return [*found, *custom] if len(custom) == missing else None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Servers set SO_REUSEADDR, too. Without it, a connection in TIME_WAIT would occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def platform_variables(
    job_id: str, body: Mapping[str, Any], position: int, ports: Sequence[int], *, names: bool
) -> dict[str, str]:
    """Return the variables that the platform sets in one of the pods of a job.

    Assumptions: all JobTypes have JOB_NAME, and all JobTypes with a master have the variables of PyTorchJob.

    :param names: host names of pods resolve to this machine; otherwise use its address
    """
    found = {"JOB_NAME": job_id, **_framework_variables(job_id, body, position, ports, names=names)}
    if count := custom_port_count(body):
        own = ports[1 + position * count : 1 + (position + 1) * count]
        found["CUSTOM_PORTS"] = ";".join(map(str, own))
    return found


def _framework_variables(
    job_id: str, body: Mapping[str, Any], position: int, ports: Sequence[int], *, names: bool
) -> dict[str, str]:
    job_places = places(body)
    if body["JobType"] in _MASTER_TYPES:
        return {
            "MASTER_ADDR": job_places[0].name(job_id) if names else _LOOPBACK,
            "MASTER_PORT": str(ports[0]),
            "WORLD_SIZE": str(len(job_places)),
            "RANK": str(position),
            # PAI-DLC does not document the value without GPUs; launchers refuse 0.
            "NPROC_PER_NODE": str(max(1, gpus(body["JobSpecs"][job_places[position].spec]))),
        }
    if body["JobType"] != "TFJob":
        return {}
    cluster: dict[str, list[str]] = {}
    for place, port in zip(job_places, ports, strict=True):
        host = _service_name(place.name(job_id)) if names else _LOOPBACK
        cluster.setdefault(place.role, []).append(f"{host}:{port}")
    own = job_places[position]
    task = {"type": own.role, "index": own.number}
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task, "environment": "cloud"})}


def _service_name(name: str) -> str:
    return f"{name}.t{ACCOUNT_ID}.svc"
