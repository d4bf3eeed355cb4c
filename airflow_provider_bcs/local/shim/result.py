"""Result of an attempt, and the file ``result.json`` that carries it from the shim to the service."""

from __future__ import annotations

import json
import os
from typing import TypedDict

RESULT_FILE = "result.json"


class Result(TypedDict):
    """Result as in the response of GetInstance; an attempt with an empty ErrorCode succeeded."""

    ExitCode: int
    ErrorCode: str
    ErrorMessage: str
    Detail: str


NO_RESULT: Result = {"ExitCode": 0, "ErrorCode": "", "ErrorMessage": "", "Detail": ""}


def failed(code: str, message: str, exit_code: int = 1) -> Result:
    """Return the result of a failed attempt."""
    return {**NO_RESULT, "ExitCode": exit_code, "ErrorCode": code, "ErrorMessage": message}


def write_result(directory: str, result: Result) -> None:
    """Write ``result.json`` atomically, even across a power failure."""
    path = os.path.join(directory, RESULT_FILE)
    with open(f"{path}.tmp", "w", encoding="utf-8") as file:
        json.dump(result, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{path}.tmp", path)


def read_result(directory: str) -> Result | None:
    """Return the result of the attempt in ``directory``, or None when it has no result."""
    try:
        with open(os.path.join(directory, RESULT_FILE), encoding="utf-8") as file:
            result: Result = json.load(file)
            return result
    except FileNotFoundError:
        return None
