"""The Result of an instance, and the file in which the shim hands it to the service."""

from __future__ import annotations

import json
import os
from typing import TypedDict

RESULT_FILE = "result.json"


class Result(TypedDict):
    """As in the answer of GetInstance; an attempt succeeded when its ErrorCode is empty."""

    ExitCode: int
    ErrorCode: str
    ErrorMessage: str
    Detail: str


NO_RESULT: Result = {"ExitCode": 0, "ErrorCode": "", "ErrorMessage": "", "Detail": ""}


def failed(code: str, message: str, exit_code: int = 1) -> Result:
    """Return the result of an attempt that did not succeed."""
    return {**NO_RESULT, "ExitCode": exit_code, "ErrorCode": code, "ErrorMessage": message}


def write_result(directory: str, result: Result) -> None:
    """Write ``result.json`` so that a reader sees all of it or none, even after a power failure."""
    path = os.path.join(directory, RESULT_FILE)
    with open(f"{path}.tmp", "w", encoding="utf-8") as file:
        json.dump(result, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{path}.tmp", path)


def read_result(directory: str) -> Result | None:
    """Return the result of the attempt in ``directory``, None when there is none (yet)."""
    try:
        with open(os.path.join(directory, RESULT_FILE), encoding="utf-8") as file:
            result: Result = json.load(file)
            return result
    except FileNotFoundError:
        return None
