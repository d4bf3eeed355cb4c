"""What is wrong with a job description, one object a finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One rule that a job description breaks.

    :ivar path: where, e.g. ``DAG.Tasks.count.Parameters.Command.CommandLine``; ``$`` is the whole description
    :ivar code: the service's error code, e.g. ``InvalidCommandLine``
    :ivar message: the message as the service words it
    :ivar advice: what was found and what would be right
    :ivar status: HTTP status of the service's answer
    """

    path: str
    code: str
    message: str
    advice: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.path}: {self.code}: {self.message} {self.advice}"


class JobWarning(UserWarning):
    """Something in a job description that is valid but may not do what its author expects."""
