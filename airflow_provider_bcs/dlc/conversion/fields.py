"""What becomes of each field of a BatchCompute job when a task of it runs as a PAI-DLC job.

Fields of a task are named without ``DAG.Tasks.{task}``. A field stands here itself, or what it is part of does; a test
compares the table with the models.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from airflow_provider_bcs.description.rules import shown
from airflow_provider_bcs.description.template import is_template

_SECRET = ("OSS", "UserData", "CredentialConfig")


@dataclass(frozen=True)
class Lost:
    """A field that PAI-DLC has nothing for.

    :ivar why: what there is not
    :ivar instead: what would be right
    :ivar harmless: the values, besides none and false, that mean nothing is lost
    :ivar replaced_by: the field of CreateJob that stands in for it when ``dlc_job`` has it
    """

    why: str
    instead: str = "to leave it out"
    harmless: tuple[str, ...] = ()
    replaced_by: str = ""


#: Where a field goes, or that it is lost.
Fate: TypeAlias = str | Lost

_UTF_8 = Lost("The names of objects are UTF-8.", "utf-8, or no Locale", ("utf-8", "utf8"))
_NO_LOCK = Lost("A mount has no network lock.", "false")
_CACHE = Lost("A mount has no such cache.", "to leave it out; dlc_job takes Options")
_KEYS = Lost(
    "A mount has no keys of its own; the workspace's role reads and writes.",
    "CredentialConfig in dlc_job",
    replaced_by="CredentialConfig",
)
_NETWORK = Lost("A pod has no such network.", "UserVpc in dlc_job", replaced_by="UserVpc")
_MOUNTS: dict[str, Fate] = {
    "Entries": "DataSources",
    "Locale": _UTF_8,
    "Lock": _NO_LOCK,
    **dict.fromkeys(("CacheSupport", "CacheBlockSize", "CacheTotalSize", "NasMetaCache"), _CACHE),
    **dict.fromkeys(("RefreshStrategy", "RefreshTopicName", "RefreshTimeOut"), _CACHE),
    "NAS": Lost("A mount has no access group.", "UserVpc in dlc_job", replaced_by="UserVpc"),
    "OSS": _KEYS,
}


def _parents(paths: Iterable[str]) -> set[str]:
    """Return the objects that fields stand in."""
    return {".".join(path.split(".")[:length]) for path in paths for length in range(1, path.count(".") + 1)}


FIELDS: dict[str, Fate] = {
    "Name": "DisplayName",
    "Description": "Description",
    "Type": "must be DAG",
    "Priority": "Priority",
    "JobFailOnInstanceFail": "exit code of the script",
    "AutoRelease": "the operator deletes the job",
    "Notification": Lost("A job sends no messages.", "Airflow's callbacks"),
    "App": Lost("Only a job of Type DAG has tasks.", "a job of Type DAG"),
    "DAG.Dependencies": "edges of the graph",
    "Parameters.Command.CommandLine": "UserCommand",
    "Parameters.Command.PackagePath": "DataSources, unpacked by the script",
    "Parameters.Command.EnvVars": "Envs",
    "Parameters.Command.Docker.Image": "JobSpecs.Image",
    "Parameters.Command.Docker.RunMode": Lost("A pod has one way to run an image."),
    "Parameters.InputMappingConfig.Locale": _UTF_8,
    "Parameters.InputMappingConfig.Lock": _NO_LOCK,
    "Parameters.StdoutRedirectPath": "DataSources, written by the script",
    "Parameters.StderrRedirectPath": "DataSources, written by the script",
    "InputMapping": "DataSources",
    "OutputMapping": "DataSources, copied to by the script",
    "LogMapping": "DataSources, copied to by the script",
    "Timeout": "the script; JobMaxRunningTimeMinutes",
    "InstanceCount": "JobSpecs.PodCount",
    "MaxRetryCount": "the script",
    "ClusterId": "ResourceId of dlc_job",
    "WriteSupport": Lost("An input that is written to would change its objects.", "false, and an OutputMapping"),
    "TaskName": "must be the task's name",
    "CredentialConfig": Lost(
        "The two services' roles differ.", "CredentialConfig in dlc_job", replaced_by="CredentialConfig"
    ),
    **{f"Mounts.{name}": fate for name, fate in _MOUNTS.items()},
    "AutoCluster.InstanceType": "JobSpecs.EcsSpec or ResourceConfig",
    "AutoCluster.ImageId": "JobSpecs.Image",
    "AutoCluster.ECSImageId": "JobSpecs.Image",
    "AutoCluster.ResourceType": "JobSpecs.SpotSpec or ElasticSpotSpecs",
    "AutoCluster.SpotStrategy": "JobSpecs.SpotSpec or ElasticSpotSpecs",
    "AutoCluster.SpotPriceLimit": "JobSpecs.SpotSpec",
    "AutoCluster.UserData": Lost("A pod has no metadata service.", "the values in EnvVars"),
    "AutoCluster.Configs.Disks.SystemDisk.Type": "JobSpecs.SystemDisk.Category",
    "AutoCluster.Configs.Disks.SystemDisk.Size": "JobSpecs.SystemDisk.Size",
    "AutoCluster.Configs.Disks.DataDisk": Lost("A pod has no data disk.", "a larger SystemDisk, or a NAS mount"),
    **{f"AutoCluster.Configs.Mounts.{name}": fate for name, fate in _MOUNTS.items()},
    "AutoCluster.Configs.Networks.Classic": _NETWORK,
    "AutoCluster.Configs.Networks.VPC": _NETWORK,
    "AutoCluster.ReserveOnFail": "Settings.JobReservedPolicy",
    "AutoCluster.ClusterId": "ResourceId of dlc_job",
    "AutoCluster.DependencyIsvService": Lost("There is no such service."),
}


#: What no job can do without.
_ESSENTIAL = ("Name", "Type", "DAG.Dependencies", "Parameters.Command.CommandLine", "InstanceCount")
#: What can be left out: fields, and objects with all that is in them.
IGNORABLE = ({*FIELDS} | _parents(FIELDS)) - {*_ESSENTIAL, *_parents(_ESSENTIAL)}
#: What a description consists of: the objects around the fields, and the fields that are objects or arrays themselves.
_STRUCTURE = {"DAG", "DAG.Tasks", *_parents(FIELDS)} | {
    *("Parameters.Command.EnvVars", "InputMapping", "OutputMapping", "LogMapping"),
    *("Mounts.Entries", "AutoCluster.Configs.Mounts.Entries"),
}


def is_open(job: Mapping[str, Any]) -> bool:
    """Tell whether a template stands for more than a value, so that hardly anything is known before it is rendered."""
    dag = job.get("DAG")
    tasks = dag.get("Tasks") if isinstance(dag, Mapping) else dag
    if is_template(tasks) or not isinstance(tasks, Mapping):
        return is_template(tasks)
    return any(is_template(name) or is_template(task) or _is_open(task, "") for name, task in tasks.items())


def _is_open(value: Any, path: str) -> bool:
    if path in _STRUCTURE and is_template(value):
        return True
    if isinstance(value, Mapping):
        return any(_is_open(element, f"{path}.{name}" if path else str(name)) for name, element in value.items())
    return isinstance(value, (list, tuple)) and any(_is_open(element, path) for element in value)


def without(value: Any, ignored: Collection[str], path: str = "") -> Any:
    """Copy a description, or a task, without the fields named in ``ignored``."""
    if isinstance(value, Mapping):
        paths = {name: f"{path}.{name}" if path else str(name) for name in value}
        return {name: without(item, ignored, paths[name]) for name, item in value.items() if paths[name] not in ignored}
    if isinstance(value, (list, tuple)):
        return [without(element, ignored, path) for element in value]
    return value


def lost_fields(
    value: Any, replacements: Collection[str], *, templates: bool, path: str = ""
) -> Iterator[tuple[str, Lost, Any]]:
    """Yield what is given in a description, or in a task, and lost: path, fate, value.

    :param replacements: the fields of CreateJob that the author gives
    :param templates: leave values alone that hold a Jinja template
    """
    fate = FIELDS.get(path)
    if isinstance(fate, Lost):
        pending = templates and is_template(value)
        if not pending and not _is_harmless(value, fate) and fate.replaced_by not in replacements:
            yield path, fate, value
    elif fate is None and isinstance(value, Mapping):
        for name, element in value.items():
            inner = f"{path}.{name}" if path else str(name)
            yield from lost_fields(element, replacements, templates=templates, path=inner)


def lost_advice(path: str, lost: Lost, value: Any) -> str:
    """Say what was found and what would be right."""
    secret = not set(_SECRET).isdisjoint(path.split("."))
    return f"Found {shown(value, secret)}; right is {lost.instead}"


def _is_harmless(value: Any, lost: Lost) -> bool:
    """Clients send empty objects and texts for "not set", at any depth."""
    if isinstance(value, Mapping):
        return all(_is_harmless(element, lost) for element in value.values())
    if isinstance(value, (list, tuple)):
        return not value
    return value is None or value is False or value == "" or str(value).lower() in lost.harmless
