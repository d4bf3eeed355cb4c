"""One BatchCompute task as a program in a container."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.exceptions import InvalidJobError

from .field_table import without
from .findings import CODE, Findings
from .mounts import Mount
from .platform import Platform
from .site import Site
from .task_script import TaskScript

_DOCKER_VARIABLE = "BATCH_COMPUTE_DOCKER_IMAGE"
#: Folder of a registry in OSS; the images that the job names are in it.
_REGISTRY_VARIABLE = "BATCH_COMPUTE_DOCKER_REGISTRY_OSS_PATH"

#: Hosts of a registry in OSS, which BatchCompute serves on the machine itself.
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104 - nothing listens here


@dataclass(frozen=True)
class Image:
    """The image as the job names it.

    :ivar name: name of a container image, or id of a BatchCompute or ECS image; None when the job names none
    :ivar field: path of the field that names it
    :ivar is_pullable: whether a container platform can pull it. It cannot pull an ImageId, nor an image of a registry
        in OSS, which BatchCompute runs as ``localhost:5000/...``
    """

    name: Any
    field: str
    is_pullable: bool


@dataclass(frozen=True)
class SystemDisk:
    """The system disk that the job asks for.

    :ivar type: e.g. ``cloud_ssd``; None when the job does not say
    :ivar size: GB; None when the job does not say
    """

    type: Any = None
    size: Any = None


@dataclass(frozen=True)
class Spot:
    """The price that the job pays for its machines.

    :ivar resource_type: ``OnDemand`` or ``Spot``; None when the job does not say
    :ivar strategy: ``SpotWithPriceLimit`` or ``SpotAsPriceGo``
    :ivar price_limit: the most that an hour may cost
    """

    resource_type: Any = None
    strategy: Any = None
    price_limit: Any = None


@dataclass(frozen=True)
class Resources:
    """The machine of one instance.

    :ivar instance_type: e.g. ``ecs.sn1ne.large``; None when the job names none
    :ivar system_disk: the system disk
    :ivar spot: whether spot instances do
    :ivar clusters: path of a field -> id of the BatchCompute cluster that it names
    """

    instance_type: Any
    system_disk: SystemDisk
    spot: Spot
    clusters: Mapping[str, Any]


@dataclass(frozen=True)
class ContainerProgram:
    """One BatchCompute task as any container platform can run it.

    When templates are allowed, a value that the job gives may be text that holds one.

    :ivar job: name of the job
    :ivar description: description of the job, or None
    :ivar priority: 0 to 1000, or None
    :ivar name: name of the task
    :ivar image: the image, as the job names it
    :ivar script: text that each container runs with ``sh -c``
    :ivar variables: environment variables of each container
    :ivar mounts: directories of each container
    :ivar resources: the machine of each container
    :ivar instance_count: number of containers
    :ivar retries: attempts after the first; the script makes them
    :ivar timeout: seconds that an attempt may last; the script keeps to it
    :ivar fails_job: whether a container that fails fails the job. If not, the script ends with exit code 0
    :ivar keeps_failed: whether the job asks to keep the machines of a failure (``ReserveOnFail``)
    :ivar violations: what no container platform can run
    """

    job: Any
    description: Any
    priority: Any
    name: str
    image: Image
    script: str
    variables: Mapping[str, str]
    mounts: tuple[Mount, ...]
    resources: Resources
    instance_count: Any
    retries: int
    timeout: int
    fails_job: bool
    keeps_failed: bool
    violations: tuple[Violation, ...]


def container_program(
    job: Mapping[str, Any],
    platform: Platform,
    site: Site,
    *,
    ignore: Collection[str] = (),
    templates: bool = False,
) -> ContainerProgram:
    """Read a valid BatchCompute job of one task.

    :param job: the job, in the service's current form; :meth:`~.FieldTable.is_open` must not be true of it
    :param platform: where the script finds its job, pod and rank
    :param site: region and object store of the containers
    :param ignore: fields to leave out
    :param templates: accept values that hold a Jinja template, and find out what can be known without them
    :raises InvalidJobError: when the job has not one task
    """
    name, task = the_task(job)
    whole, task = without({**job, "DAG": {}}, ignore), without(task, ignore)
    cluster = task.get("AutoCluster") or {}
    findings = Findings(name, templates=templates)
    own = task.get("TaskName")
    if own and own != name and not findings.pending(own):
        findings.add("TaskName", "The task has another name.", repr(own), repr(name), ignore="TaskName")
    # A single instance decides over its job, as in BatchCompute: a task that failed has done nothing.
    fails = whole.get("JobFailOnInstanceFail") is not False or task.get("InstanceCount") == 1
    script = TaskScript(
        name,
        task,
        title=f"Task {name} of the BatchCompute job {' '.join(whole['Name'].split())}.",
        swallow=not fails,
        platform=platform,
        site=site,
        findings=findings,
    )
    return ContainerProgram(
        job=whole["Name"],
        description=whole.get("Description"),
        priority=whole.get("Priority"),
        name=name,
        image=_image(task, cluster),
        script=script.text,
        variables=script.variables,
        mounts=script.mounts,
        resources=_resources(task, cluster),
        instance_count=task.get("InstanceCount") or 1,
        retries=script.retries,
        timeout=script.timeout,
        fails_job=fails,
        keeps_failed=cluster.get("ReserveOnFail") is True,
        violations=tuple(findings.violations),
    )


def the_task(job: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the one task of a job, with its name.

    :raises InvalidJobError: when the job has not one task
    """
    tasks = (job.get("DAG") or {}).get("Tasks") or {}
    if len(tasks) != 1:
        advice = f"Found {len(tasks)} in job {job['Name']}; expected one task."
        raise InvalidJobError([Violation("DAG.Tasks", CODE, "One task becomes one program.", advice, is_final=True)])
    [(name, task)] = tasks.items()
    return name, task


def _image(task: Mapping[str, Any], cluster: Mapping[str, Any]) -> Image:
    command = task["Parameters"]["Command"]
    variables = command.get("EnvVars") or {}
    field, docker = "Parameters.Command.Docker.Image", (command.get("Docker") or {}).get("Image")
    if not docker:
        field = f"Parameters.Command.EnvVars.{_DOCKER_VARIABLE}"
        docker = variables.get(_DOCKER_VARIABLE)
    if docker:
        # With a scheme, or in another case, it is the same registry.
        host = str(docker).strip().lower().removeprefix("http://").removeprefix("https://").partition("/")[0]
        is_local = host.partition(":")[0] in _LOCAL_HOSTS or host.startswith("[::1]")
        is_in_oss = not host or host == "oss:" or is_local or bool(variables.get(_REGISTRY_VARIABLE))
        return Image(docker, field, is_pullable=not is_in_oss)
    if cluster.get("ECSImageId"):
        return Image(cluster["ECSImageId"], "AutoCluster.ECSImageId", is_pullable=False)
    return Image(cluster.get("ImageId"), "AutoCluster.ImageId", is_pullable=False)


def _resources(task: Mapping[str, Any], cluster: Mapping[str, Any]) -> Resources:
    disk = ((cluster.get("Configs") or {}).get("Disks") or {}).get("SystemDisk") or {}
    clusters = {"ClusterId": task.get("ClusterId"), "AutoCluster.ClusterId": cluster.get("ClusterId")}
    return Resources(
        instance_type=cluster.get("InstanceType"),
        system_disk=SystemDisk(disk.get("Type"), disk.get("Size")),
        spot=Spot(*(cluster.get(name) for name in ("ResourceType", "SpotStrategy", "SpotPriceLimit"))),
        clusters={field: name for field, name in clusters.items() if name},
    )
