"""Origin of a job: what the submitter adds to a job so that its programs and the service's lists name the submitter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["UNKNOWN", "Origin"]


@dataclass(frozen=True)
class Origin:
    """Values that a submission adds to a job, beside those of the author. A value of the author always wins.

    It is no part of the idempotency token. A further attempt finds the job of an earlier one although its own values
    differ: PAI-DLC compares the author's part only, and BatchCompute gets the values of the earlier attempts too.

    :ivar variables: environment variables of the job's programs in this attempt
    :ivar earlier: the variables of the owner's earlier attempts, the newest first; for a service that compares a
        repeated submission with the first one
    :ivar tags: tags, where the service has some
    :ivar description: description of the job, where the service has one

    >>> Origin({"AIRFLOW_CTX_TRY_NUMBER": "2"}, earlier=[{"AIRFLOW_CTX_TRY_NUMBER": "1"}]).attempts
    [{'AIRFLOW_CTX_TRY_NUMBER': '2'}, {'AIRFLOW_CTX_TRY_NUMBER': '1'}]
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    earlier: Sequence[Mapping[str, str]] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""

    @property
    def attempts(self) -> list[Mapping[str, str]]:
        """The variables of all attempts, the newest first."""
        return [self.variables, *self.earlier]


#: Origin that adds nothing.
UNKNOWN = Origin()
