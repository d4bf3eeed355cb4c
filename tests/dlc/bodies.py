"""Bodies of CreateJob for tests: by hand and, for properties, at random from the models."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from hypothesis import strategies as st

from airflow_provider_bcs.description.model import Description
from airflow_provider_bcs.dlc.job import DataSource, JobDescription
from airflow_provider_bcs.dlc.job_spec import JobSpec
from airflow_provider_bcs.dlc.rule_table import ROLES

#: Stands for the absence of a field in :func:`changed`.
ABSENT = object()


def role(**fields: Any) -> dict[str, Any]:
    """A valid role on public resources."""
    return {"Type": "Worker", "PodCount": 1, "Image": "example/train:1", "EcsSpec": "ecs.c6.large", **fields}


def body(**fields: Any) -> dict[str, Any]:
    """A valid body that there is nothing to warn of."""
    return {
        "DisplayName": "hello-1",
        "JobType": "PyTorchJob",
        "JobSpecs": [role()],
        "UserCommand": "echo hello",
        **fields,
    }


def changed(content: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Set the field at each dotted path, or remove it; returns ``content``."""
    for path, value in changes.items():
        *parents, last = path.split(".")
        place: Any = content
        for name in parents:
            place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
        if value is ABSENT:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value
    return content


def unwrapped(annotation: Any) -> Any:
    """Return the type that an annotation stands for, without None and validators."""
    if get_origin(annotation) is Annotated:
        return unwrapped(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (member,) = (member for member in get_args(annotation) if member is not NoneType)
        return unwrapped(member)
    return annotation


def places(annotation: Any, content: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the path, type and value of all that is in ``content`` and has a type of its own."""
    kind = unwrapped(annotation)
    if kind is Any:
        return
    yield path, kind, content
    prefix = f"{path}." if path else ""
    if get_origin(kind) is dict:
        for key, element in content.items():
            yield from places(get_args(kind)[1], element, f"{prefix}{key}")
    elif get_origin(kind) is list:
        for index, element in enumerate(content):
            yield from places(get_args(kind)[0], element, f"{prefix}{index}")
    elif isinstance(kind, type) and issubclass(kind, Description):
        for name, value in content.items():
            yield from places(kind.model_fields[name].annotation, value, f"{prefix}{name}")


text = st.text("abc XYZ019_-./:=中é*", min_size=1, max_size=6)
names = st.text("abcXYZ019_", min_size=1, max_size=6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)
_SCALARS = {
    str: text,
    int: st.integers(-1000, 1000),
    float: st.floats(0.01, 100) | st.integers(1, 100),
    bool: st.booleans(),
    Any: json_values,
}
_OVERSOLD = st.sampled_from(["ForbiddenQuotaOverSold", "ForceQuotaOverSold", "AcceptQuotaOverSold"])
_MEMORY = st.sampled_from(["10Gi", "512Mi", "4G", "1073741824", "1.5Ti"])
#: What the table of rules limits, and objects whose fields depend on one another.
_LIMITED: dict[str, st.SearchStrategy[Any]] = {
    "DisplayName": st.from_regex(r"[0-9A-Za-z_.-]{1,256}", fullmatch=True),
    "Priority": st.integers(1, 9),
    "JobMaxRunningTimeMinutes": st.integers(1, 10_000),
    "TemplateVersion": st.integers(1, 5),
    "Accessibility": st.sampled_from(["PUBLIC", "PRIVATE"]),
    "CredentialConfig.CredentialConfigItems.Type": st.sampled_from(["Role", "RoleChain"]),
    "CredentialConfig.CredentialConfigItems.Roles.RoleType": st.sampled_from(["service", "user"]),
    "UserVpc": st.sampled_from(
        [
            {"VpcId": "vpc-1", "DefaultRoute": "eth0"},
            {"VpcId": "vpc-1", "SwitchId": "vsw-1", "ExtendedCIDRs": ["10.0.0.0/8"], "DefaultRoute": "eth1"},
        ]
    ).map(dict),
    "Settings.JobReservedMinutes": st.integers(0, 100),
    "Settings.JobReservedPolicy": st.sampled_from(["Always", "OnFailure", "OnSucceed"]),
    "Settings.OversoldType": _OVERSOLD,
    "Settings.DataJuicerConfig.CommandType": st.sampled_from(["shell", "config"]),
    "Settings.DataJuicerConfig.ExecutionMode": st.sampled_from(["standalone", "distributed"]),
    "JobSpecs.RestartPolicy": st.sampled_from(["Always", "Never", "OnFailure", "ExitCode"]),
    "JobSpecs.OversoldType": _OVERSOLD,
    "JobSpecs.ServiceSpec.ServiceMode": st.sampled_from(["PerPod", "PerRole"]),
    "JobSpecs.ElasticSpotSpecs.SpotStrategy": st.sampled_from(["LowestPrice", "CapacityOptimized"]),
    "JobSpecs.SpotSpec": st.sampled_from(
        [
            {"SpotStrategy": "SpotWithPriceLimit", "SpotPriceLimit": 0.4744},
            {"SpotStrategy": "SpotWithPriceLimit", "SpotDiscountLimit": 0.8},
        ]
    ).map(dict),
    "DataSources.MountAccess": st.sampled_from(["RO", "RW"]),
    "DataSources.Options": st.sampled_from(["{}", '{"fs.oss.download.thread.concurrency": "4"}']),
    "DataSources.RoleChain": st.sampled_from(["[]", '[{"roleType": "user"}]']),
}


@st.composite
def _objects(draw: st.DrawFn, model: type[Description], path: str = "", but: tuple[str, ...] = ()) -> dict[str, Any]:
    """A few fields of ``model``, none of those in ``but``."""
    fields = sorted(set(model.model_fields).difference(but))
    chosen = draw(st.lists(st.sampled_from(fields), max_size=4, unique=True))
    return {
        name: draw(_values(model.model_fields[name].annotation, f"{path}.{name}" if path else name)) for name in chosen
    }


def _values(annotation: Any, path: str) -> st.SearchStrategy[Any]:
    kind = unwrapped(annotation)
    if path in _LIMITED:
        return _LIMITED[path]
    if get_origin(kind) is list:
        return st.lists(_values(get_args(kind)[0], path), max_size=2)
    if get_origin(kind) is dict:
        return st.dictionaries(names, _values(get_args(kind)[1], path), max_size=2)
    return _SCALARS[kind] if kind in _SCALARS else _objects(kind, path)


_RESOURCES = {
    False: st.fixed_dictionaries({"EcsSpec": text}),
    True: st.fixed_dictionaries(
        {
            "ResourceConfig": st.fixed_dictionaries(
                {"CPU": st.sampled_from(["10", "0.5", "500m"]), "Memory": _MEMORY},
                optional={"SharedMemory": _MEMORY, "GPU": st.sampled_from(["0", "8"]), "GPUType": text},
            )
        }
    ),
}
_ORIGINS = st.fixed_dictionaries({"DataSourceId": text}) | st.fixed_dictionaries(
    {"Uri": st.sampled_from(["oss://b.oss-cn-x.aliyuncs.com/p/", "nas://fs.cn-x/p", "cpfs://x/", "bmcpfs://x/y/"])}
)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A random valid body."""
    content = draw(_objects(JobDescription, but=("JobSpecs", "DataSources", "SuccessPolicy", "ResourceId")))
    job_type = draw(st.sampled_from(list(ROLES)))
    on_quota = draw(st.booleans())
    content |= {"DisplayName": draw(_LIMITED["DisplayName"]), "JobType": job_type}
    if on_quota:
        content["ResourceId"] = "quota1"
    if job_type == "TFJob" and draw(st.booleans()):
        content["SuccessPolicy"] = draw(st.sampled_from(["ChiefWorker", "AllWorkers", "Partial"]))

    roles = (*ROLES[job_type], *(["Worker-big"] if job_type == "RayJob" else [])) or ("server", "node")
    dependent = ("Type", "PodCount", "Image", "EcsSpec", "ResourceConfig", "QuotaId", "IsChief", "IsCheif")
    content["JobSpecs"] = [
        {
            **draw(_objects(JobSpec, "JobSpecs", but=(*dependent, "UserCommand"))),
            "Type": name,
            "PodCount": draw(st.integers(1, 100)),
            "Image": draw(text),
            **draw(_RESOURCES[on_quota]),
        }
        for name in draw(st.lists(st.sampled_from(roles), min_size=1, max_size=3, unique=True))
    ]
    if draw(st.booleans()):
        content["JobSpecs"][0]["IsChief"] = True
    for spec in [content] if draw(st.booleans()) else content["JobSpecs"]:
        spec["UserCommand"] = draw(text)

    mounts = draw(st.lists(st.from_regex(r"/mnt/[a-z]{1,3}/?", fullmatch=True), max_size=2, unique_by=_bare))
    if mounts:
        other = ("DataSourceId", "Uri", "MountPath")
        content["DataSources"] = [
            {**draw(_objects(DataSource, "DataSources", but=other)), **draw(_ORIGINS), "MountPath": mount}
            for mount in mounts
        ]
    return content


def _bare(path: str) -> str:
    return path.rstrip("/")
