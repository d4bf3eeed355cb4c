"""Pods of a job, their ports, and the variables that the platform sets in them."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from airflow_provider_bcs.local.account import ACCOUNT_ID

from .resources import gpus

#: JobTypes whose first worker becomes the master when JobSpecs has no master.
_MASTER_TYPES = ("PyTorchJob", "XGBoostJob", "OneFlowJob", "ElasticBatchJob")
_MASTER_PORT = 23456
_TF_PORT = 2222
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


def free_ports(body: Mapping[str, Any], taken: Collection[int]) -> list[int]:
    """Return the ports of a job: one for the master, one per pod for a TFJob, none for other types.

    The search begins at the documented port, because all pods share the network of this machine.

    :param taken: ports of other admitted jobs
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
    return found


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
    """Return the variables that the framework of a job needs in one of its pods.

    Assumption: all JobTypes with a master have the variables of PyTorchJob.

    :param names: host names of pods resolve to this machine; otherwise use its address
    """
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
