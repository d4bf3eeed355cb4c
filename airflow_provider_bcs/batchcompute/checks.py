"""Checks of BatchCompute only; the messages are those of its CreateJob error table, word for word."""

from __future__ import annotations

import re
from collections.abc import Callable

from airflow_provider_bcs.description.checks import Check

_NAME = re.compile(r"[a-zA-Z_-][a-zA-Z0-9_-]*\Z")
_OSS = re.compile(r"oss://[^/\s]+/[^\x00]*\Z")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]?\Z")
_MOUNT_SOURCE = re.compile(r"(nas|smb|lustre)://[^/\s]+.*\Z", re.DOTALL)


NAME = Check(
    lambda value: bool(_NAME.match(value)),
    "It must only contain characters within [a-zA-Z0-9_-], and must not start with [0-9].",
    "letters, digits, _ and -, with no digit at the beginning",
)


def _oss(passes: Callable[[str], bool], expected: str) -> Check:
    # The range of the length begins with 0 in the service's table, so an empty text is legal.
    return Check(
        lambda value: value == "" or (bool(_OSS.match(value)) and passes(value)),
        "OSS path must start with 'oss://', must end with '/' if it is a folder,"
        " and must not end with '/' if it is a file.",
        expected,
    )


OSS_PATH = _oss(lambda value: True, "oss://bucket/folder/ or oss://bucket/file")
OSS_FOLDER = _oss(lambda value: value.endswith("/"), "a folder: oss://bucket/folder/")
OSS_FILE = _oss(lambda value: not value.endswith("/"), "a file: oss://bucket/file")

_WINDOWS = re.compile(r"[A-Za-z]:([\\/][^\x00]*)?\Z")
ABSOLUTE_PATH_OR_WINDOWS = Check(
    lambda value: value == "" or value.startswith("/") or bool(_WINDOWS.match(value)),
    "Local path must be an absolute path.",
    "a path that begins with /, or on Windows with a drive such as E:\\",
)
ABSOLUTE_PATH_OR_DRIVE = Check(
    lambda value: value == "" or value.startswith("/") or bool(_DRIVE.match(value)),
    "Local path must be an absolute path on linux, and a drive letter on windows.",
    "a path that begins with /, or a drive such as E:",
)
MOUNT_SOURCE = Check(
    lambda value: bool(_OSS.match(value) or _MOUNT_SOURCE.match(value)),
    "",
    "oss://bucket/folder/, oss://bucket/file or nas://host:/folder",
)
THREE_DECIMALS = Check(
    # Arithmetic in binary leaves 0.30000000000000004.
    lambda value: value >= 0 and abs(round(value, 3) - value) < 1e-9,
    "",
    "a price of at least 0 with at most 3 decimals",
)
