"""Specification of an attempt: the file ``spec.json`` that the service writes and the shim reads."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class InstanceSpec(NamedTuple):
    """Attempt of an instance of a BatchCompute task.

    :ivar directory: attempt directory
    :ivar data_dir: data directory of the service, which holds the objects
    :ivar isolation: ``namespace`` or ``rewrite``
    :ivar search_path: first directory of ``PATH``
    :ivar oss_host: host and port of the object store
    :ivar task: task of the job description, with default values
    :ivar stdout: URL of the object for standard output; empty for none
    :ivar stderr: URL of the object for standard error; empty for none
    """

    directory: str
    data_dir: str
    isolation: str
    search_path: str
    oss_host: str
    job_id: str
    task_name: str
    instance_id: int
    task: dict[str, Any]
    stdout: str
    stderr: str

    @property
    def label(self) -> str:
        """``{JobId}.{TaskName}.{InstanceId}``, the suffix of the instance's log objects."""
        return f"{self.job_id}.{self.task_name}.{self.instance_id}"


class PodSpec(NamedTuple):
    """Incarnation of a pod of a PAI-DLC job; :class:`InstanceSpec` documents the first five fields.

    :ivar pod_id: PodId, which is also the pod's host name
    :ivar host_names: host names of all pods of the job
    :ivar shell: shell and its options, as in ``Settings.Shell``
    :ivar command: UserCommand
    :ivar variables: Envs and CustomEnvs
    :ivar platform: variables of the framework, which override ``variables``
    :ivar job: the fields DataSources, CodeSource, ThirdpartyLibs and ThirdpartyLibDir of the CreateJob body
    :ivar install_libs: install third-party libraries before the command
    :ivar grace: seconds between SIGTERM and SIGKILL when the pod is stopped
    :ivar clock: values of the :class:`~.clock.Clock` for the timestamps of the log
    """

    directory: str
    data_dir: str
    isolation: str
    search_path: str
    oss_host: str
    pod_id: str
    host_names: list[str]
    shell: str
    command: str
    variables: dict[str, str]
    platform: dict[str, str]
    job: dict[str, Any]
    install_libs: bool
    grace: float
    clock: tuple[float, ...]


Spec = InstanceSpec | PodSpec
_KINDS: dict[str, type[InstanceSpec] | type[PodSpec]] = {kind.__name__: kind for kind in (InstanceSpec, PodSpec)}


def write_spec(spec: Spec, path: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"kind": type(spec).__name__, **spec._asdict()}, file)


def read_spec(path: str) -> Spec:
    with open(path, encoding="utf-8") as file:
        fields = json.load(file)
    return _KINDS[fields.pop("kind")](**fields)
