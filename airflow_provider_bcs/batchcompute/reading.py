"""Read the states of many jobs, tasks, instances and clusters in few calls."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_bcs.exceptions import AccessDeniedError, RefusedKeysError, ServerError
from airflow_provider_bcs.http.errors import OWN_ERRORS

from .facts import ACTIVE, MAX_PAGE_SIZE, TERMINAL
from .mirror import FollowedTarget, tasks_of
from .response import JOB_STATE
from .target import Target

if TYPE_CHECKING:
    from airflow_provider_bcs.waiting.polling import Status

    from .client import Client
    from .response import Job

T = TypeVar("T")

#: Give up a listing and use single calls when it would take more than one page for this many wanted items.
_PAGE_WORTH = 4
#: Read the lists of terminal states only when at least this many jobs are in no list of active ones.
_MANY_ENDED = 20
#: From this many jobs on, begin with the lists of terminal states, so that ended jobs do not wait for the long lists.
_MANY = 2000


def read_all(client: Client, targets: Iterable[Any]) -> Iterator[tuple[Hashable, Status | Exception]]:
    """Yield the state of each target, or its own error, as soon as it is known.

    Jobs come from the listings by state as long as these are cheaper, all others from one GetJob call each. Tasks and
    instances follow the same rule. A single target costs one call.

    :param targets: :class:`~.target.Target`, :class:`~.mirror.FollowedTarget`, :class:`~.cluster_target.ClusterTarget`
    :raises ApiError: for an error that concerns all targets
    """
    # One target a job is the usual case: a list for each job would cost memory for thousands of jobs.
    jobs: dict[str, Target] = {}
    followed: dict[str, list[FollowedTarget]] = {}
    parts: dict[tuple[str, str | None], list[Target]] = {}
    for target in targets:
        if isinstance(target, FollowedTarget):
            followed.setdefault(target.job_id, []).append(target)
        elif not isinstance(target, Target):
            yield target, _own(target.read, client)
        elif target.task_name is None:
            jobs[target.job_id] = target
        else:
            parent = None if target.instance_id is None else target.task_name
            parts.setdefault((target.job_id, parent), []).append(target)
    for job_id, job in _read_jobs(client, dict.fromkeys((*jobs, *followed))):
        if job_id in jobs:
            yield jobs[job_id], job
        if job_id in followed:
            yield from _follow(client, job, followed[job_id])
    for (job_id, task_name), found in parts.items():
        yield from _read_parts(client, job_id, task_name, found)


def _read_jobs(client: Client, wanted: dict[str, None]) -> Iterator[tuple[str, Job | Exception]]:
    def listed(state: str, most_in_vain: int | None = None) -> Iterator[tuple[str, Job]]:
        jobs = client.list_jobs(state, unreadable=_leave_out, fields=JOB_STATE)
        return _listed(jobs, wanted, lambda job: job.Id, most_in_vain)

    try:
        if len(wanted) >= _MANY:
            for state in TERMINAL:
                yield from listed(state, MAX_PAGE_SIZE)
        # In this order, a job that changes its state between two lists is read twice rather than never.
        for state in ACTIVE:
            yield from listed(state)
        if len(wanted) >= _MANY_ENDED:
            for state in TERMINAL:
                yield from listed(state)
    except AccessDeniedError:
        # Permission to read a job does not imply permission to list jobs; refused keys show up with each job.
        pass
    for job_id in wanted:
        yield job_id, _own(client.get_job, job_id)


def _follow(
    client: Client, job: Job | Exception, targets: Sequence[FollowedTarget]
) -> Iterator[tuple[Hashable, Status | Exception]]:
    if isinstance(job, Exception):
        yield from ((target, job) for target in targets)
        return
    # The order matters: tasks that are read after the end of their job are final.
    tasks = _own(tasks_of, client, job)
    for target in targets:
        yield target, tasks if isinstance(tasks, Exception) else _own(target.find, job, *tasks)


def _read_parts(
    client: Client, job_id: str, task_name: str | None, targets: Sequence[Target]
) -> Iterator[tuple[Hashable, Status | Exception]]:
    """Read tasks of one job, or instances of one of its tasks."""
    by_name = {str(target.task_name if task_name is None else target.instance_id): target for target in targets}
    wanted = dict.fromkeys(by_name)
    listed: Iterator[tuple[str, Any]]
    try:
        if task_name is None:
            tasks = client.list_tasks(job_id, unreadable=_leave_out)
            listed = _listed(tasks, wanted, lambda task: task.TaskName)
        else:
            instances = client.list_instances(job_id, task_name, unreadable=_leave_out)
            listed = _listed(instances, wanted, lambda instance: str(instance.InstanceId))
        for name, found in listed:
            yield by_name[name], found
    except OWN_ERRORS:
        # The single calls below report the error of each target.
        pass
    for name in wanted:
        yield by_name[name], _own(by_name[name].read, client)


def _listed(
    listing: Iterator[T], wanted: dict[str, None], name_of: Callable[[T], str], most_in_vain: int | None = None
) -> Iterator[tuple[str, T]]:
    """Yield the items of a listing that are in ``wanted``, and remove them there; limit the number of pages.

    :param most_in_vain: give up after this many unwanted items in a row; None for no limit
    """
    pages = len(wanted) // _PAGE_WORTH
    in_vain = 0
    for item in islice(listing, pages * MAX_PAGE_SIZE):
        name = name_of(item)
        if name in wanted:
            del wanted[name]
            in_vain = 0
            yield name, item
            if not wanted:
                return
        elif (in_vain := in_vain + 1) == most_in_vain:
            return


def _leave_out(error: ServerError) -> None:
    """Ignore an unreadable item of a list: a single call reports its error."""


def _own(read: Callable[..., T], *arguments: Any) -> T | Exception:
    """Return the result, or an error that concerns only this target."""
    try:
        return read(*arguments)
    except RefusedKeysError:
        raise
    except OWN_ERRORS as error:
        return error
