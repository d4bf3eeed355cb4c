"""Names that a package offers and that are imported when first used."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazy_names(package: str, names_by_module: dict[str, str]) -> tuple[list[str], Callable[[str], Any]]:
    """Return the ``__all__`` and the ``__getattr__`` of a package.

    So that a DAG file which only validates a job does not pay for HTTP.

    :param package: its ``__name__``
    :param names_by_module: a module, relative (``.client``) or absolute -> the names it holds, with blanks between
    """
    home = {name: module for module, names in names_by_module.items() for name in names.split()}

    def getattribute(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(home[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    return sorted(home), getattribute
