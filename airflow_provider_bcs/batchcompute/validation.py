"""Check a job, also one of the service's first API, before it is submitted.

The rules are the service's own, of :mod:`.rules`; the service itself takes no job of its first API any more.
"""

from __future__ import annotations

from airflow_provider_bcs.description.source import JobSource, read_job
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.exceptions import JobSyntaxError

from . import rules
from .facts import Quotas
from .legacy import Conversion, as_current, is_legacy


def validate_job(
    job: JobSource,
    *,
    templates: bool = True,
    quotas: Quotas | None = None,
    max_tasks: bool = True,
    job_count: int = 0,
    earlier: JobSource | None = None,
) -> list[Violation]:
    """Check a job description against every rule the service is known to apply.

    A job of the first API is converted and checked as what became of it: paths are those of the second API, except
    for what cannot be converted; :func:`~.legacy_fields.v1_path` leads back.

    :param job: anything a job can be given as, see :func:`~.source.read_job`
    :param templates: leave values alone that hold a Jinja template, since they are known only after rendering
    :param quotas: check the account's limits too
    :param max_tasks: whether more than 16 tasks are an error; they are not where each task becomes its own job
    :param job_count: how many jobs the account holds, for its quota MaxJobCount
    :param earlier: the job that was submitted before with the same idempotent token, if any
    :return: all violations, in the order in which the service would meet them; empty when the job is valid
    :raises JobSourceError: when ``job`` is a file that cannot be read
    """
    try:
        conversion = _read(job)
    except JobSyntaxError as error:
        return [rules.unreadable(error)]
    return conversion.violations + rules.validate_job(
        conversion.job, templates=templates, quotas=quotas, max_tasks=max_tasks, job_count=job_count, earlier=earlier
    )


def job_warnings(job: JobSource) -> list[str]:
    """Name what is valid in ``job`` but may not do what its author expects; one sentence each."""
    conversion = _read(job)
    return conversion.notes + rules.job_warnings(conversion.job)


def _read(job: JobSource) -> Conversion:
    # The rules read, and copy, what they are given: a dict that needs no converting is left to them.
    return Conversion(job) if isinstance(job, dict) and not is_legacy(job) else as_current(read_job(job))
