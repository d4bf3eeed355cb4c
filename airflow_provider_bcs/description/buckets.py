"""Find OSS paths whose bucket cannot exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .values import is_template

# The object store's rule for a new bucket.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
# PAI-DLC writes oss://bucket.endpoint/folder/.
_END_OF_BUCKET = re.compile(r"[/.@:]")
#: Fields with texts of the author's own.
_FREE = ("EnvVars", "UserData", "Envs", "CustomEnvs", "Inputs", "Description", "Tags")


def bucket_warnings(value: Any, path: str = "") -> Iterator[str]:
    """Yield a sentence for each OSS path in a description whose bucket cannot exist.

    :param value: a description, or a part of it
    :param path: path of this part

    >>> [*bucket_warnings({"InputMapping": {"oss://b/in/": "/in/"}, "PackagePath": "oss://my-bucket/p.tar.gz"})]
    ["InputMapping.oss://b/in/: found bucket 'b'; expected 3 to 63 of a-z, 0-9 and -, with no - at its ends."]
    """
    for names, text in _oss_paths(value, (path,) if path else ()):
        bucket = _END_OF_BUCKET.split(text.removeprefix("oss://"), maxsplit=1)[0]
        if bucket and not is_template(bucket) and _BUCKET.fullmatch(bucket) is None:
            here = ".".join(map(str, names))
            yield f"{here}: found bucket {bucket!r}; expected 3 to 63 of a-z, 0-9 and -, with no - at its ends."


def _oss_paths(value: Any, names: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield the OSS paths among keys and values, each with the names that lead to it."""
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, str):
        if value.startswith("oss://"):
            yield names, value
    elif isinstance(value, Mapping):
        entries = value.items()
    elif isinstance(value, (list, tuple)):
        entries = enumerate(value)
    for name, element in entries:
        if type(name) is str and name.startswith("oss://"):
            yield (*names, name), name
        # A call for each of the other values would take as long as all checks of a job.
        if type(element) is str:
            if element.startswith("oss://") and name not in _FREE:
                yield (*names, name), element
        elif element and type(element) is not int and name not in _FREE:
            yield from _oss_paths(element, (*names, name))
