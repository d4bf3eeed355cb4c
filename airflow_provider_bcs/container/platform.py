"""Names that a container platform gives to its jobs and containers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Platform:
    """Shell words by which the script finds out where it runs.

    Example of a Kubernetes Job with completion mode ``Indexed``: ``Platform(job=("${bc_pod%-*-*}",),
    rank="${JOB_COMPLETION_INDEX:-0}", variables=("JOB_COMPLETION_INDEX",))``.

    :ivar job: id of the job: words that are assigned to ``bc_job`` one after the other, each may use the one before
    :ivar rank: number of the instance, counted from 0
    :ivar variables: environment variables that the platform sets. A task's variable of the same name is set for its
        program only
    :ivar pod: name of the container's pod; the script keeps it in ``bc_pod``
    """

    job: Sequence[str]
    rank: str
    variables: Collection[str]
    pod: str = "${HOSTNAME:-$(uname -n)}"
