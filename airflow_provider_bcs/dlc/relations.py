"""Rules for several fields of a job description at once.

Airflow may render a template to any value, also to an empty one. A rule that depends on such a value is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from posixpath import normpath
from typing import Any, TypeAlias

from airflow_provider_bcs.description.values import is_given, is_template
from airflow_provider_bcs.description.violation import Violation, did_you_mean

from .rule_table import NAMED_WORKERS, ROLES, WORDING

#: Function that returns whether Airflow has yet to render a value.
_Pending: TypeAlias = Callable[[object], bool]


def objects(value: object) -> list[tuple[int, Mapping[str, Any]]]:
    """Return the objects in an array with their indexes; an empty list for any other value.

    >>> objects([{"Type": "Worker"}, "Master"])
    [(0, {'Type': 'Worker'})]
    """
    elements = value if isinstance(value, (list, tuple)) else ()
    return [(index, element) for index, element in enumerate(elements) if isinstance(element, Mapping)]


def check_relations(job: Mapping[str, Any], *, templates: bool) -> Iterator[Violation]:
    """Yield the violations between the fields of ``job``.

    :param job: the description; its single values may be wrong too
    :param templates: skip values with a Jinja template, because Airflow has yet to render them
    """

    def pending(value: object) -> bool:
        return templates and is_template(value)

    yield from _pod_count(job, pending)
    yield from _roles(job, pending)
    for index, spec in objects(job.get("JobSpecs")):
        yield from _resources(job, spec, f"JobSpecs.{index}", pending)
        yield from _spot(spec.get("SpotSpec"), f"JobSpecs.{index}.SpotSpec", pending)
    yield from _data_sources(job, pending)


def _invalid(path: str, tail: str, advice: str) -> Violation:
    return Violation(path, *WORDING.invalid(path, tail), advice)


def _missing(path: str, advice: str) -> Violation:
    return Violation(path, *WORDING.missing(path), advice)


def _pod_count(job: Mapping[str, Any], pending: _Pending) -> Iterator[Violation]:
    """Require a pod (assumed); a role may have none."""
    specs = job.get("JobSpecs")
    counts = [spec.get("PodCount") for _, spec in objects(specs)]
    if counts and len(counts) == len(specs or ()) and all(type(count) is int and count == 0 for count in counts):
        yield _invalid("JobSpecs.0.PodCount", "A job must have a pod.", "Found 0 in each role; expected at least 1.")


def _roles(job: Mapping[str, Any], pending: _Pending) -> Iterator[Violation]:
    job_type = job.get("JobType")
    known = ROLES.get(job_type, ()) if isinstance(job_type, str) else ()
    first: dict[str, int] = {}
    chief: int | None = None
    for index, spec in objects(job.get("JobSpecs")):
        role, path = spec.get("Type"), f"JobSpecs.{index}.Type"
        if isinstance(role, str) and is_given(role) and not pending(role):
            if known and role not in known and not _is_named_worker(str(job_type), role):
                advice = f"Found {role!r}{did_you_mean(role, known)}"
                yield replace(_invalid(path, f"It must be a role of a {job_type}.", advice), is_warning=True)
            if role in first:
                advice = f"Found {role!r}, which JobSpecs.{first[role]} has too; expected one with both PodCounts."
                yield _invalid(path, "A role must occur once.", advice)
            first.setdefault(role, index)
        mark = next((name for name in ("IsChief", "IsCheif") if spec.get(name) is True), None)
        if mark and chief is not None:
            advice = f"Found true here and in JobSpecs.{chief}; expected one of the two."
            yield _invalid(f"JobSpecs.{index}.{mark}", "At most one role can be the chief.", advice)
        elif mark:
            chief = index


def _is_named_worker(job_type: str, role: str) -> bool:
    prefix = NAMED_WORKERS.get(job_type)
    return prefix is not None and role.startswith(prefix) and role != prefix


def _resources(job: Mapping[str, Any], spec: Mapping[str, Any], path: str, pending: _Pending) -> Iterator[Violation]:
    """Require EcsSpec on public resources and ResourceConfig on a quota.

    A quota is the job's ResourceId or (assumed) the role's QuotaId. Which of the two fields a quota has is documented
    only: a workspace may have a quota by default, and a quota may have machines of its own.
    """
    if pending(spec.get("EcsSpec")) or pending(spec.get("ResourceConfig")):
        return
    quotas = [job.get("ResourceId"), spec.get("QuotaId")]
    on_quota = any(is_given(quota) and not pending(quota) for quota in quotas)
    perhaps_on_quota = on_quota or any(map(pending, quotas))
    instance, config = is_given(spec.get("EcsSpec")), _is_given(spec.get("ResourceConfig"))
    if config and instance:
        advice = "Found both fields; expected ResourceConfig alone on a quota, and EcsSpec alone without one."
        yield _invalid(f"{path}.ResourceConfig", "It excludes EcsSpec.", advice)
    elif on_quota and instance:
        tail = "It is for public resources. A job with a quota (ResourceId or QuotaId) has ResourceConfig instead."
        advice = "Found EcsSpec with a quota; expected ResourceConfig alone."
        yield replace(_invalid(f"{path}.EcsSpec", tail, advice), is_warning=True)
    elif config and not perhaps_on_quota:
        tail = "It is for a quota (ResourceId or QuotaId). A job on public resources has EcsSpec instead."
        advice = "Found no quota; expected ResourceId too, or EcsSpec alone."
        yield replace(_invalid(f"{path}.ResourceConfig", tail, advice), is_warning=True)
    # ElasticSpotSpecs have instance types too, so a role with them needs no EcsSpec (assumed).
    if not config and not instance and not is_given(spec.get("ElasticSpotSpecs")):
        expected = "ResourceConfig" if on_quota else "EcsSpec"
        advice = "Add EcsSpec, such as ecs.c6.large; on a quota (ResourceId or QuotaId), add ResourceConfig."
        yield _missing(f"{path}.{expected}", advice)


def _is_given(config: object) -> bool:
    # Answers of the service have an empty text for each field that is not set.
    return any(map(is_given, config.values())) if isinstance(config, Mapping) else is_given(config)


def _spot(spot: Any, path: str, pending: _Pending) -> Iterator[Violation]:
    """Ask for SpotStrategy with one limit: so it is documented; that a limit alone requests nothing is assumed."""
    if not isinstance(spot, Mapping) or not spot:
        return
    if not is_given(spot.get("SpotStrategy")):
        advice = "Found none; expected SpotWithPriceLimit, as a limit alone may request no spot instances."
        yield replace(_missing(f"{path}.SpotStrategy", advice), is_warning=True)
    limits = [spot.get("SpotPriceLimit"), spot.get("SpotDiscountLimit")]
    if any(map(pending, limits)):
        return
    given = sum(map(is_given, limits))
    if given == 0:
        advice = "Found none; expected SpotPriceLimit (CNY per minute) or SpotDiscountLimit (0.8 for 80 %)."
        yield replace(_missing(f"{path}.SpotPriceLimit", advice), is_warning=True)
    elif given == 2:
        advice = "Found both limits; expected one of the two."
        yield replace(_invalid(f"{path}.SpotDiscountLimit", "It excludes SpotPriceLimit.", advice), is_warning=True)


def _data_sources(job: Mapping[str, Any], pending: _Pending) -> Iterator[Violation]:
    mounted: dict[str, int] = {}
    for index, source in objects(job.get("DataSources")):
        path = f"DataSources.{index}"
        data_set, uri, mount = (source.get(name) for name in ("DataSourceId", "Uri", "MountPath"))
        if not pending(data_set) and not pending(uri):
            if is_given(data_set) and is_given(uri):
                # Answers of GetJob have both.
                advice = "Found with DataSourceId; expected one of the two."
                yield replace(_invalid(f"{path}.Uri", "It excludes DataSourceId.", advice), is_warning=True)
            elif not is_given(data_set) and not is_given(uri):
                yield _missing(f"{path}.Uri", "Add Uri, or DataSourceId for a dataset.")
        if is_given(uri) and not pending(uri) and not is_given(mount):
            yield _missing(f"{path}.MountPath", "Add MountPath; only a dataset has a default for it.")
        if isinstance(mount, str) and mount.startswith("/") and not pending(mount):
            other = mounted.setdefault(normpath(mount), index)
            if other != index:
                advice = f"Found {mount!r}, which DataSources.{other} has too; expected another path."
                yield _invalid(f"{path}.MountPath", "A path must occur once.", advice)
