"""What an attempt is to run: the file that the service writes and the shim reads."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class InstanceSpec(NamedTuple):
    """One attempt of an instance of a BatchCompute task.

    :ivar directory: the attempt directory
    :ivar data_dir: the service's data directory, which holds the objects
    :ivar isolation: ``namespace`` or ``rewrite``
    :ivar search_path: where commands are looked up first, before the system's directories
    :ivar task: the task of the job description, defaults filled in
    :ivar stdout: object path of the standard output, empty for none
    :ivar stderr: object path of the standard error, empty for none
    """

    directory: str
    data_dir: str
    isolation: str
    search_path: str
    job_id: str
    task_name: str
    instance_id: int
    task: dict[str, Any]
    stdout: str
    stderr: str

    @property
    def label(self) -> str:
        """``{JobId}.{TaskName}.{InstanceId}``, how the objects of an instance's logs end."""
        return f"{self.job_id}.{self.task_name}.{self.instance_id}"


class PodSpec(NamedTuple):
    """One incarnation of a pod of a DLC job; the first four are those of :class:`InstanceSpec`.

    :ivar pod_id: also the pod's host name
    :ivar host_names: names of all pods of the job
    :ivar shell: the shell and its options, as in ``Settings.Shell``
    :ivar command: the UserCommand
    :ivar variables: Envs and CustomEnvs
    :ivar platform: the variables of the framework, which win over ``variables``
    :ivar job: the fields of the CreateJob body that the pod is prepared from: DataSources, CodeSource,
        ThirdpartyLibs, ThirdpartyLibDir
    :ivar install_libs: whether third-party libraries are installed before the command
    :ivar grace: seconds from SIGTERM to SIGKILL when the pod is stopped
    :ivar clock: the values of the :class:`~.clock.Clock` that stamps the log
    """

    directory: str
    data_dir: str
    isolation: str
    search_path: str
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
