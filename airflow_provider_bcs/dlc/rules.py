"""Check a job description: the table of rules, the rules for several fields at once, and the warnings."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from airflow_provider_bcs.description.buckets import bucket_warnings
from airflow_provider_bcs.description.ignore import not_ignored, warnings_not_ignored
from airflow_provider_bcs.description.source import CheckedJob, JobSource
from airflow_provider_bcs.description.values import is_given, is_template
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.exceptions import InvalidJobError, JobSyntaxError

from .facts import INVALID, MAX_BODY_SIZE, MISSING
from .job import read_job
from .relations import check_relations, objects
from .rule_table import ROLES, TABLE

_OTHER_JOB_TYPES = [name for name in ROLES if name != "TFJob"]
_SPOT_JOB_TYPES = ("PyTorchJob", "MPIJob")
# CNY. No instance costs more per minute, or less per hour.
_MAX_PRICE_A_MINUTE = 15
_MIN_PRICE_AN_HOUR = 0.01


def check_job(job: JobSource, *, templates: bool = True, source: str = "", ignore: Collection[str] = ()) -> CheckedJob:
    """Read and check a job description once; all functions that take a description accept the result.

    :param job: a description as for :func:`~airflow_provider_bcs.dlc.job.read_job`. A ``CheckedJob`` is checked again,
        but neither read nor copied
    :param templates: skip values with a Jinja template, because Airflow has yet to render them
    :param source: name of the description in error messages, e.g. a file name
    :param ignore: fields whose violations and warnings are passed over
    :raises InvalidJobError: when the description breaks rules; the error has all violations
    :raises JobSourceError: when ``job`` is unreadable

    >>> spec = {"Type": "Worker", "PodCount": 1, "Image": "python:3.12", "EcsSpec": "ecs.c6.large"}
    >>> body = {"DisplayName": "train", "JobType": "PyTorchJob", "JobSpecs": [spec], "UserCommand": "python train.py"}
    >>> check_job(body).content["DisplayName"]
    'train'
    """
    description = job.content if isinstance(job, CheckedJob) else read_job(job)
    if violations := not_ignored(check_description(description, templates=templates), ignore):
        raise InvalidJobError(violations, source)
    if isinstance(job, CheckedJob):
        return job
    return CheckedJob(description, tuple(warnings_not_ignored(_warnings(description), ignore)))


def validate_job(job: JobSource, *, templates: bool = True) -> list[Violation]:
    """Check a job description, the body of CreateJob, against all known rules.

    The codes are the service's general ``InvalidParameter`` and ``MissingParameter``. The messages are this project's,
    because the service publishes none of its own.

    :param job: a description as for :func:`~airflow_provider_bcs.dlc.job.read_job`
    :param templates: skip values with a Jinja template, because Airflow has yet to render them
    :return: all violations; empty when the job is valid
    :raises JobSourceError: when ``job`` is a file that is unreadable

    >>> [found.path for found in validate_job({"DisplayName": "train", "UserCommand": "python train.py"})]
    ['JobType', 'JobSpecs']
    """
    try:
        description = job.content if isinstance(job, CheckedJob) else read_job(job)
    except JobSyntaxError as error:
        return [replace(_invalid_body("It must be a JSON object.", str(error)), is_final=True)]
    return check_description(description, templates=templates)


def job_warnings(job: JobSource) -> list[str]:
    """Return a sentence for each valid value that may not have the effect that the author expects.

    :param job: a description as for :func:`~airflow_provider_bcs.dlc.job.read_job`
    :raises JobSourceError: when ``job`` is unreadable

    >>> job_warnings({"Priority": 5})
    ['Priority: found without a ResourceId; on public resources it has no effect.']
    """
    return list(job.warnings if isinstance(job, CheckedJob) else _warnings(read_job(job)))


def near_field(name: str) -> str | None:
    """Return None for a field of a job, for any other name the end of a sentence with the nearest field.

    >>> near_field("UserVpc.ExtendedCidr"), near_field("JobSpecs.EcsSpec")
    ('; did you mean UserVpc.ExtendedCIDRs?', None)
    """
    return TABLE.near_field(name)


def check_description(description: dict[str, Any], *, templates: bool) -> list[Violation]:
    """Return all violations of a description that is a dict of plain values, without a copy of it.

    :param description: the body of CreateJob
    :param templates: skip values with a Jinja template, because Airflow has yet to render them
    """
    found = [item for item in _found(description, templates=templates) if not item.is_warning]
    if is_given(description.get("TemplateId")):
        # The service's job template may have any field of the body. DisplayName does not come from it (assumed).
        found = [item for item in found if item.code != MISSING or item.path == "DisplayName"]
    if (size := body_size(_without_templates(description) if templates else description)) > MAX_BODY_SIZE:
        advice = f"Found {size} bytes; expected at most {MAX_BODY_SIZE}. Mount long commands and data as files."
        found.append(_invalid_body(f"It must have at most {MAX_BODY_SIZE} bytes.", advice))
    return found


def _found(description: Mapping[str, Any], *, templates: bool) -> Iterator[Violation]:
    yield from TABLE.check(description, templates=templates)
    yield from check_relations(description, templates=templates)


def _invalid_body(tail: str, advice: str) -> Violation:
    return Violation("$", INVALID, f"The request body is invalid. {tail}", advice)


def body_size(description: Mapping[str, Any]) -> int:
    """Return the size of a description as a request body, in bytes.

    >>> body_size({"DisplayName": "train"})
    23
    """
    text = json.dumps(dict(description), ensure_ascii=False, separators=(",", ":"), default=str)
    return len(text.encode("utf-8", "surrogatepass"))


def _without_templates(value: Any) -> Any:
    """Return a copy of ``value`` with an empty text for each template, because the rendered value may be that short."""
    if isinstance(value, dict):
        return {key: _without_templates(element) for key, element in value.items()}
    if isinstance(value, list):
        return [_without_templates(element) for element in value]
    return "" if is_template(value) else value


def _warnings(job: Mapping[str, Any]) -> Iterator[str]:
    for item in _found(job, templates=True):
        if item.is_warning:
            yield f"{item.path}: {item.advice[:1].lower()}{item.advice[1:]}"
    specs = objects(job.get("JobSpecs"))
    yield from _documented_only(job)
    for name in ("ElasticSpec", "DebuggerConfigContent"):
        if is_given(job.get(name)):
            yield f"{name}: the service ignores this field."
    on_quota = is_given(job.get("ResourceId")) or any(is_given(spec.get("QuotaId")) for _, spec in specs)
    if is_given(job.get("Priority")) and not on_quota:
        yield "Priority: found without a ResourceId; on public resources it has no effect."
    for index, source in objects(job.get("DataSources")):
        uri = source.get("Uri")
        if isinstance(uri, str) and uri.startswith("oss://") and not is_template(uri) and "." not in uri.split("/")[2]:
            yield f"DataSources.{index}.Uri: found a bucket without its endpoint; expected oss://bucket.endpoint/folder/."
        if isinstance(uri, str) and uri.startswith("nas://") and not on_quota and not is_given(job.get("UserVpc")):
            yield f"DataSources.{index}.Uri: found NAS without UserVpc; expected UserVpc, the VPC of the file system."
    yield from bucket_warnings(job)
    for index, spec in specs:
        yield from _spot_warnings(job.get("JobType"), spec, f"JobSpecs.{index}")


def _documented_only(job: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the documentation asks for and public jobs of the service run without."""
    job_type, policy, network = job.get("JobType"), job.get("SuccessPolicy"), job.get("UserVpc")
    if job_type in _OTHER_JOB_TYPES and is_given(policy) and not is_template(policy):
        yield f"SuccessPolicy: found with JobType {job_type}; documented for JobType TFJob only."
    if isinstance(network, Mapping):
        switch, ranges = network.get("SwitchId"), network.get("ExtendedCIDRs")
        if is_given(switch) and not is_template(switch) and not is_given(ranges):
            yield "UserVpc.ExtendedCIDRs: found none with a SwitchId; the pods may not reach the whole VPC."
    yield from _command_warnings(job)


def _command_warnings(job: Mapping[str, Any]) -> Iterator[str]:
    if is_given(job.get("TemplateId")):
        return
    whole = not _is_blank(job.get("UserCommand"))
    for index, spec in objects(job.get("JobSpecs")):
        if spec.get("PodCount") == 0 and spec.get("PodCount") is not False:
            yield f"JobSpecs.{index}.PodCount: found 0; the role has no pods."
        elif not whole and _is_blank(spec.get("UserCommand")):
            yield f"JobSpecs.{index}.UserCommand: found no command; the pods run the image's own program."


def _is_blank(value: Any) -> bool:
    return not is_given(value) or (isinstance(value, str) and not value.strip())


def _spot_warnings(job_type: Any, spec: Mapping[str, Any], path: str) -> Iterator[str]:
    spot = spec.get("SpotSpec")
    uses_spot = is_given(spot) or is_given(spec.get("ElasticSpotSpecs")) or spec.get("UseSpotInstance") is True
    if uses_spot and isinstance(job_type, str) and job_type not in _SPOT_JOB_TYPES and not is_template(job_type):
        expected = " or ".join(_SPOT_JOB_TYPES)
        yield f"{path}: found spot instances in a job of JobType {job_type}; expected JobType {expected}."
    if isinstance(spot, Mapping):
        price, discount = spot.get("SpotPriceLimit"), spot.get("SpotDiscountLimit")
        place = f"{path}.SpotSpec"
        if _is_above(price, _MAX_PRICE_A_MINUTE):
            yield f"{place}.SpotPriceLimit: found {price}, which may be a price per hour; expected CNY per minute."
        if _is_above(discount, 1):
            yield f"{place}.SpotDiscountLimit: found {discount}, which may be percent; expected a fraction, e.g. 0.8."
    for number, elastic in objects(spec.get("ElasticSpotSpecs")):
        price, discount = elastic.get("SpotPriceLimit"), elastic.get("SpotDiscountLimit")
        place = f"{path}.ElasticSpotSpecs.{number}"
        if _is_above(price, 0) and not _is_above(price, _MIN_PRICE_AN_HOUR):
            yield f"{place}.SpotPriceLimit: found {price}, which may be a price per minute; expected CNY per hour."
        if _is_above(discount, 0) and not _is_above(discount, 1):
            yield f"{place}.SpotDiscountLimit: found {discount}, which may be a fraction; expected percent, e.g. 90."


def _is_above(value: Any, limit: float) -> bool:
    return type(value) in (int, float) and value > limit
