"""Failure of an attempt, with the fields of an instance's Result."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - an outcome of the job, not an error in this program
    """Failure of the attempt.

    BatchCompute does not document the values of ErrorCode; these are our own.

    :ivar code: Result.ErrorCode
    :ivar message: Result.ErrorMessage
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
