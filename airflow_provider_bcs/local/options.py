"""Options of ``airflow-bcs local``."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from airflow_provider_bcs.batchcompute.facts import Quotas
from airflow_provider_bcs.dlc.facts import STOPPED, TimeLimitStatus

#: The default secret. Airflow masks it in each log, so it is no word that occurs in a path or a message.
ACCESS_KEY_SECRET = "bcs-local-secret-9f3a"  # noqa: S105 - the secret is public and only for tests

_FROZEN = ConfigDict(frozen=True)
_CAPACITY = max(4, 2 * (os.cpu_count() or 1))
_QUOTA_NAMES = [field.name for field in fields(Quotas)]
_DEFAULT_QUOTAS = ", ".join(f"{field.name}={field.default}" for field in fields(Quotas))


def _split_quota(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    if name not in _QUOTA_NAMES:
        raise ValueError(f"NAME=VALUE with one of the names {', '.join(_QUOTA_NAMES)}")
    return name, value


def _check_host_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", text):
        raise ValueError("a host name without scheme and port, such as oss-cn-beijing.aliyuncs.com")
    return text


def _check_path(text: str | Path) -> str | Path:
    if not text:
        raise ValueError("a path, such as '.' for the current directory")
    return text


Port = Annotated[int, Field(ge=0, le=65535)]
Capacity = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
#: A higher rate would reach the year 10000 within days, which timestamps cannot express.
Rate = Annotated[float, Field(gt=0, le=1_000_000)]
#: The id occurs in headers and URLs, between delimiters.
KeyId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
HostName = Annotated[str, AfterValidator(_check_host_name)]
Quota = Annotated[tuple[str, Annotated[int, Field(ge=0)]], BeforeValidator(_split_quota)]


class AccessKeyOptions(BaseModel):
    """AccessKey of the clients."""

    model_config = _FROZEN

    access_key_id: KeyId = Field("local", description="id of the only valid AccessKey")
    access_key_secret: Annotated[str, Field(min_length=1)] = Field(ACCESS_KEY_SECRET, description="its secret")


class BatchComputeOptions(BaseModel):
    """Options of BatchCompute."""

    model_config = _FROZEN

    max_instances: Capacity = Field(_CAPACITY, description="maximum number of instances that run concurrently")
    cluster_delay: Seconds = Field(
        1.0, description="seconds that a machine of a cluster takes to start, and to be released"
    )
    quota: list[Quota] = Field([], description=f"NAME=VALUE, limit of the account; can be repeated ({_DEFAULT_QUOTAS})")

    @property
    def quotas(self) -> Quotas:
        return Quotas(**dict(self.quota))


class DlcOptions(BaseModel):
    """Options of PAI-DLC."""

    model_config = _FROZEN

    max_pods: Capacity = Field(
        _CAPACITY, description="maximum number of pods that run concurrently; a job with more pods runs alone"
    )
    clock_rate: Rate = Field(
        1.0,
        description="speed of the clock relative to real time, for limits and reservations in minutes,"
        " timestamps of logs, and all Gmt times",
    )
    time_limit_status: TimeLimitStatus = Field(
        STOPPED, description="status of a job that exceeds its JobMaxRunningTimeMinutes"
    )
    install_libs: bool = Field(
        False, description="install ThirdpartyLibs and ThirdpartyLibDir with pip, in a directory of each pod"
    )


class LocalOptions(AccessKeyOptions, BatchComputeOptions, DlcOptions):
    """Options of the service."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(8642, description="port of BatchCompute and PAI-DLC; 0 selects a free port")
    oss_port: Port = Field(8643, description="port of the object store; 0 selects a free port")
    allow_host: list[HostName] = Field(
        [],
        description="NAME, another host name that clients may use for this service; a name of the cloud, such as"
        " batchcompute.cn-beijing.aliyuncs.com, selects its API on both ports; can be repeated (none)",
    )
    data_dir: Annotated[Path, BeforeValidator(_check_path)] = Field(
        Path(".bcs-local"), description="directory for state and objects"
    )
    isolation: Literal["auto", "namespace", "rewrite"] = Field(
        "auto",
        description="isolation of a job's local paths from this machine: a mount namespace, or rewritten paths in its"
        " commands; auto selects a namespace where the machine allows it",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add an option for each field of :class:`LocalOptions`."""
    for part in (LocalOptions, AccessKeyOptions, BatchComputeOptions, DlcOptions):
        group = parser.add_argument_group((part.__doc__ or "").rstrip("."))
        for name in part.__annotations__:
            if name in part.model_fields:
                _add_argument(group, name, part.model_fields[name])


def read_options(args: argparse.Namespace) -> LocalOptions:
    """Return the options that argparse has parsed."""
    return LocalOptions(**{name: getattr(args, name) for name in LocalOptions.model_fields})


def _add_argument(group: argparse._ArgumentGroup, name: str, field: FieldInfo) -> None:
    flag, kind, text = (
        f"--{name.replace('_', '-')}",
        get_origin(field.annotation) or field.annotation,
        field.description,
    )
    if kind is bool:
        group.add_argument(flag, action="store_true", help=text)
    elif kind is list:
        metavar, _, text = (text or "").partition(", ")
        group.add_argument(
            flag,
            metavar=metavar,
            type=_checked(name, lambda item: [item]),
            action="append",
            default=[],
            help=text,
        )
    else:
        choices = get_args(field.annotation) if kind is Literal else None
        group.add_argument(
            flag, type=_checked(name, str), choices=choices, default=field.default, help=f"{text} (%(default)s)"
        )


def _checked(name: str, value: Callable[[str], Any]) -> Callable[[str], str]:
    """Return a function that raises argparse's error unless the text of an option is valid.

    :param value: makes the value of the field from the text
    """

    def check(text: str) -> str:
        try:
            LocalOptions.model_validate({name: value(text)})
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            for beginning in ("Input should be ", "String should have ", "Value error, "):
                reason = reason.removeprefix(beginning)
            reason = reason.replace("String should match", "text that matches the")
            raise argparse.ArgumentTypeError(f"found {text!r}; expected {reason}") from None
        return text

    return check
