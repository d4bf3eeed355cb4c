"""Checks that only PAI-DLC makes. The service publishes no messages for them, so the messages are this project's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from airflow_provider_bcs.description import checks
from airflow_provider_bcs.description.checks import Check

STRING = replace(checks.STRING, expected='text in quotes, such as "2"')

KEY_NAME = Check(lambda value: len(value) > 0, "Its name must not be empty.", "a name of at least one character")


def at_least(low: int) -> Check:
    """Return a check for a number from ``low`` on."""
    return Check(lambda value: value >= low, f"It must be at least {low}.", f"a whole number of at least {low}")


def one_of(*values: str) -> Check:
    """Return a check for one of the documented words, in the same case; the service may know more of them."""
    tail = f"It must be one of {', '.join(values)}."
    return Check(lambda value: value in values, tail, known=values, is_warning=True)


def _form(pattern: str, tail: str, expected: str, *, is_warning: bool = False) -> Check:
    compiled = re.compile(pattern)
    return Check(lambda value: compiled.fullmatch(value) is not None, tail, expected, is_warning=is_warning)


def _amount(pattern: str, name: str, expected: str) -> Check:
    return _form(pattern, f"It must be {name}.", f"{name} in quotes, such as {expected}", is_warning=True)


def _json(kind: type, name: str) -> Check:
    def passes(text: str) -> bool:
        value: Any
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, kind)

    return Check(passes, f"It must be the JSON text of {name}.", f"{name}, written as JSON in one text")


JSON_OBJECT = _json(dict, "an object")
JSON_ARRAY = _json(list, "an array")

DISPLAY_NAME = _form(
    r"[0-9A-Za-z_.-]*",
    "It must only contain characters within [0-9A-Za-z_.-].",
    "letters, digits, _, . and -; write _ instead of brackets and spaces",
)
ABSOLUTE_PATH = _form(r"/[^\0]*", "It must be an absolute path.", "a path that begins with /")
MOUNT_URI = _form(
    r"[a-z][a-z0-9+.-]*://[^/\s]+(/[^\0]*)?",
    "It must begin with a scheme such as oss:// and a host.",
    "oss://bucket.endpoint/folder/ or nas://file-system.region/folder/",
)
_SCHEMES = ("oss", "nas", "cpfs", "bmcpfs")
KNOWN_SCHEME = Check(
    lambda value: "://" not in value or value.partition("://")[0] in _SCHEMES,
    f"It must begin with one of {', '.join(_SCHEMES)}.",
    " or ".join(f"{scheme}://" for scheme in _SCHEMES),
    is_warning=True,
)
# Only the documentation says so, as of the forms below; the service may accept more.
OSS_FOLDER = Check(
    lambda value: not value.startswith("oss://") or value.endswith("/"),
    "An OSS path must be a folder and end with '/'.",
    "oss://bucket.endpoint/folder/",
    is_warning=True,
)

# The forms of Kubernetes quantities. The service accepts all of them (assumed).
CPU = _amount(r"\d+(\.\d+)?m?", "a number of cores", '"10"')
MEMORY = _amount(r"\d+(\.\d+)?([KMGTP]i?|k)?", "an amount of memory", '"10Gi"')
GPU = _amount(r"\d+(\.\d+)?", "a number of GPUs", '"3"')
