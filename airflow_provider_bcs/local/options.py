"""The options of ``airflow-bcs local``."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import fields
from pathlib import Path

from airflow_provider_bcs.batchcompute.facts import Quotas
from airflow_provider_bcs.dlc.facts import FAILED, STOPPED

from .isolation import ISOLATIONS

#: The default secret. Airflow masks it in each log, so it is no word that occurs in a path or a message.
ACCESS_KEY_SECRET = "bcs-local-secret-9f3a"  # noqa: S105 - known to everybody, and only for tests

_QUOTA_NAMES = tuple(field.name for field in fields(Quotas))
_ROOM = max(4, 2 * (os.cpu_count() or 1))
_MAX_PORT = 65535
_MAX_CLOCK_RATE = 1_000_000.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``airflow-bcs local``."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=8642, help="port of the API, 0 for any free one (%(default)s)")
    parser.add_argument(
        "--oss-port", type=_port, default=8643, help="port of the object store, 0 for any free one (%(default)s)"
    )
    parser.add_argument(
        "--data-dir", type=_directory, default=Path(".bcs-local"), help="state and objects (%(default)s)"
    )
    parser.add_argument(
        "--access-key-id", type=_key_id, default="local", help="the one key that is accepted (%(default)s)"
    )
    parser.add_argument("--access-key-secret", type=_secret, default=ACCESS_KEY_SECRET, help="its secret (%(default)s)")
    parser.add_argument(
        "--max-instances",
        type=_positive,
        default=_ROOM,
        help="BatchCompute instances that run at the same time (%(default)s)",
    )
    parser.add_argument(
        "--cluster-delay",
        type=_seconds,
        default=1.0,
        metavar="SECONDS",
        help="how long a machine of a BatchCompute cluster takes to come, and to go (%(default)s)",
    )
    parser.add_argument(
        "--max-pods",
        type=_positive,
        default=_ROOM,
        help="DLC pods that run at the same time; a job with more runs alone (%(default)s)",
    )
    parser.add_argument(
        "--clock-rate",
        type=_rate,
        default=1.0,
        metavar="N",
        help="let the times of DLC jobs run N times as fast as real time: limits and reservations in minutes,"
        " stamps of logs, all Gmt times (%(default)s)",
    )
    parser.add_argument(
        "--time-limit-status",
        choices=(STOPPED, FAILED),
        default=STOPPED,
        help="how a DLC job ends that runs longer than its JobMaxRunningTimeMinutes (%(default)s)",
    )
    parser.add_argument(
        "--install-libs",
        action="store_true",
        help="install ThirdpartyLibs and ThirdpartyLibDir of DLC jobs with pip, in a directory of each pod",
    )
    parser.add_argument(
        "--isolation",
        choices=("auto", *ISOLATIONS),
        default="auto",
        help="how local paths of a job are kept off this machine: a mount namespace, or rewriting"
        " the paths in its commands (%(default)s: a namespace where the machine allows it)",
    )
    parser.add_argument(
        "--quota",
        type=_quota,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"limit of BatchCompute, one of {', '.join(_QUOTA_NAMES)}; may be given several times",
    )


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= _MAX_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to {_MAX_PORT}")
    return int(text)


def _directory(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("'' is no directory; '.' is the current one")
    return Path(text)


def _key_id(text: str) -> str:
    # It stands in headers and URLs, between signs.
    if not re.fullmatch(r"[A-Za-z0-9._-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not one or more of A-Z a-z 0-9 . _ -")
    return text


def _secret(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("'' is no secret")
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0")
    return seconds


def _quota(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    if name not in _QUOTA_NAMES or not value.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE with a name of {', '.join(_QUOTA_NAMES)}")
    return name, int(value)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    # With more, the clock would leave the years that can be written after a few days.
    if not 0 < rate <= _MAX_CLOCK_RATE:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, at most {_MAX_CLOCK_RATE:g}")
    return rate
