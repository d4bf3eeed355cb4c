"""Import the public names of a package at their first use."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazy_names(package: str, names_by_module: dict[str, str]) -> tuple[list[str], Callable[[str], Any]]:
    """Return the ``__all__`` and the ``__getattr__`` of a package.

    A DAG file that only validates a job then imports no HTTP.

    :param package: ``__name__`` of the package
    :param names_by_module: module, relative (``.client``) or absolute -> its public names, with blanks between them

    >>> names, load = lazy_names("airflow_provider_bcs", {".batchcompute": "validate_job"})
    >>> names, load("validate_job").__name__
    (['validate_job'], 'validate_job')
    """
    home = {name: module for module, names in names_by_module.items() for name in names.split()}

    def getattribute(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(home[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    return sorted(home), getattribute
