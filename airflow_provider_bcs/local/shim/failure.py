"""Why an attempt failed, in the terms of an instance's Result."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - an outcome of the job, not an error of the program
    """An attempt that cannot succeed.

    The vocabulary of ErrorCode is ours, the service's is not documented.

    :ivar code: Result.ErrorCode
    :ivar message: Result.ErrorMessage
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
