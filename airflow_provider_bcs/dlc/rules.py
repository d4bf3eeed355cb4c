"""Check a job description: the table of rules, the rules that concern several fields at once, and warnings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_bcs.description.source import CheckedJob, JobSource
from airflow_provider_bcs.description.values import is_given, is_template
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.exceptions import InvalidJobError, JobSyntaxError

from .facts import INVALID, MAX_BODY_SIZE, MISSING
from .job import read_job
from .relations import check_relations, objects
from .rule_table import TABLE

_SPOT_JOB_TYPES = ("PyTorchJob", "MPIJob")
# No instance costs more a minute (CNY), or less an hour.
_MAX_PRICE_A_MINUTE = 15
_MIN_PRICE_AN_HOUR = 0.01


def check_job(job: JobSource, *, templates: bool = True, source: str = "") -> CheckedJob:
    """Read a job description and check it; the result needs neither again.

    :param job: see :func:`~.job.read_job`; a :class:`CheckedJob` is checked without being read or copied
    :param templates: skip values with a Jinja template, because Airflow has yet to render them
    :param source: the name of the description in an error, such as a file name
    :raises InvalidJobError: when the description breaks a rule, with all violations
    :raises JobSourceError: when it is unreadable

    >>> spec = {"Type": "Worker", "PodCount": 1, "Image": "python:3.12", "EcsSpec": "ecs.c6.large"}
    >>> body = {"DisplayName": "train", "JobType": "PyTorchJob", "JobSpecs": [spec], "UserCommand": "python train.py"}
    >>> check_job(body).content["DisplayName"]
    'train'
    """
    description = job.content if isinstance(job, CheckedJob) else read_job(job)
    if violations := check_description(description, templates=templates):
        raise InvalidJobError(violations, source)
    return job if isinstance(job, CheckedJob) else CheckedJob(description, tuple(_warnings(description)))


def validate_job(job: JobSource, *, templates: bool = True) -> list[Violation]:
    """Check a job description, the body of CreateJob, against all known rules.

    The service publishes neither the order of its checks nor their messages: codes are its general
    ``InvalidParameter`` and ``MissingParameter``, the messages are this project's.

    :param job: anything that describes a job, see :func:`~.job.read_job`
    :param templates: skip values with a Jinja template, because Airflow has yet to render them
    :return: all violations; empty when the job is valid
    :raises JobSourceError: when ``job`` is a file that cannot be read

    >>> [found.path for found in validate_job({"DisplayName": "train", "UserCommand": "python train.py"})]
    ['JobType', 'JobSpecs']
    """
    try:
        description = job.content if isinstance(job, CheckedJob) else read_job(job)
    except JobSyntaxError as error:
        return [_invalid_body("It must be a JSON object.", str(error))]
    return check_description(description, templates=templates)


def job_warnings(job: JobSource) -> list[str]:
    """Return a sentence for each valid value in ``job`` that may not have the effect that the author expects.

    :raises JobSourceError: when ``job`` is unreadable
    """
    return list(job.warnings if isinstance(job, CheckedJob) else _warnings(read_job(job)))


def check_description(description: dict[str, Any], *, templates: bool) -> list[Violation]:
    """Check a description of plain values without reading or copying it; see :func:`validate_job`."""
    found = list(TABLE.check(description, templates=templates))
    found += check_relations(description, templates=templates)
    if is_given(description.get("TemplateId")):
        # A template of the service is itself a body and may hold every field. The name is always the job's own
        # (assumed).
        found = [item for item in found if item.code != MISSING or item.path == "DisplayName"]
    if (size := _size(_without_templates(description) if templates else description)) > MAX_BODY_SIZE:
        advice = f"Found {size} bytes; mount long commands and data as files instead."
        found.append(_invalid_body(f"It must have at most {MAX_BODY_SIZE} bytes.", advice))
    return found


def _invalid_body(tail: str, advice: str) -> Violation:
    return Violation("$", INVALID, f"The request body is invalid. {tail}", advice)


def _size(description: dict[str, Any]) -> int:
    text = json.dumps(description, ensure_ascii=False, separators=(",", ":"), default=str)
    return len(text.encode("utf-8", "surrogatepass"))


def _without_templates(value: Any) -> Any:
    """Return a copy with an empty text for each template, which may render to one."""
    if isinstance(value, dict):
        return {key: _without_templates(element) for key, element in value.items()}
    if isinstance(value, list):
        return [_without_templates(element) for element in value]
    return "" if is_template(value) else value


def _warnings(job: Mapping[str, Any]) -> Iterator[str]:
    specs = objects(job.get("JobSpecs"))
    for name in ("ElasticSpec", "DebuggerConfigContent"):
        if is_given(job.get(name)):
            yield f"{name} has no effect: the service ignores it."
    on_quota = is_given(job.get("ResourceId")) or any(is_given(spec.get("QuotaId")) for _, spec in specs)
    if is_given(job.get("Priority")) and not on_quota:
        yield "Priority has no effect without a ResourceId: jobs on public resources do not queue for a quota."
    for index, source in objects(job.get("DataSources")):
        uri = source.get("Uri")
        if isinstance(uri, str) and uri.startswith("oss://") and not is_template(uri) and "." not in uri.split("/")[2]:
            yield f"DataSources.{index}.Uri names a bucket without its endpoint; expected oss://bucket.endpoint/folder/."
    for index, spec in specs:
        yield from _spot_warnings(job.get("JobType"), spec, f"JobSpecs.{index}")


def _spot_warnings(job_type: Any, spec: Mapping[str, Any], path: str) -> Iterator[str]:
    spot = spec.get("SpotSpec")
    uses_spot = is_given(spot) or is_given(spec.get("ElasticSpotSpecs")) or spec.get("UseSpotInstance") is True
    if uses_spot and isinstance(job_type, str) and job_type not in _SPOT_JOB_TYPES and not is_template(job_type):
        yield f"{path} requests spot instances, which are documented for {' and '.join(_SPOT_JOB_TYPES)} only."
    if isinstance(spot, Mapping):
        price, discount = spot.get("SpotPriceLimit"), spot.get("SpotDiscountLimit")
        place = f"{path}.SpotSpec"
        if _is_above(price, _MAX_PRICE_A_MINUTE):
            yield f"{place}.SpotPriceLimit is a price a minute: {price} looks like one an hour."
        if _is_above(discount, 1):
            yield f"{place}.SpotDiscountLimit is a fraction, such as 0.8: {discount} looks like percent."
    for number, elastic in objects(spec.get("ElasticSpotSpecs")):
        price, discount = elastic.get("SpotPriceLimit"), elastic.get("SpotDiscountLimit")
        place = f"{path}.ElasticSpotSpecs.{number}"
        if _is_above(price, 0) and not _is_above(price, _MIN_PRICE_AN_HOUR):
            yield f"{place}.SpotPriceLimit is a price an hour: {price} looks like one a minute."
        if _is_above(discount, 0) and not _is_above(discount, 1):
            yield f"{place}.SpotDiscountLimit is in percent, such as 90: {discount} looks like a fraction."


def _is_above(value: Any, limit: float) -> bool:
    return type(value) in (int, float) and value > limit
