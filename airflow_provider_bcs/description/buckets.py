"""Find OSS paths whose bucket cannot exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from .values import is_template

# The object store's rule for a new bucket.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
# PAI-DLC writes oss://bucket.endpoint/folder/.
_END_OF_BUCKET = re.compile(r"[.@:]")
_SCHEME = "oss://"
#: Fields with texts of the author's own.
_FREE = frozenset({"EnvVars", "UserData", "Envs", "CustomEnvs", "Inputs", "Description", "Tags"})


def bucket_warnings(value: Any, path: str = "") -> Iterator[str]:
    """Yield a sentence for each OSS path in a description whose bucket cannot exist.

    :param value: a description, or a part of it
    :param path: path of this part

    >>> [*bucket_warnings({"InputMapping": {"oss://b/in/": "/in/"}, "PackagePath": "oss://my-bucket/p.tar.gz"})]
    ["InputMapping.oss://b/in/: found bucket 'b'; expected 3 to 63 of a-z, 0-9 and -, with no - at its ends."]
    """
    for names, text in _oss_paths(value, (path,) if path else ()):
        if bucket := _impossible_bucket(text[len(_SCHEME) :].partition("/")[0]):
            here = ".".join(map(str, names))
            yield f"{here}: found bucket {bucket!r}; expected 3 to 63 of a-z, 0-9 and -, with no - at its ends."


# A job has few buckets and many paths.
@lru_cache(maxsize=256)
def _impossible_bucket(host: str) -> str:
    """Return the bucket in the first part of a path when no bucket can have this name."""
    bucket = _END_OF_BUCKET.split(host, maxsplit=1)[0]
    return "" if is_template(bucket) or _BUCKET.fullmatch(bucket) else bucket


def _oss_paths(value: Any, names: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], str]]:
    """Return the OSS paths among keys and values, each with the names that lead to it."""
    if isinstance(value, str):
        return [(names, value)] if value.startswith(_SCHEME) else []
    found: list[tuple[tuple[Any, ...], str]] = []
    for name, element in enumerate(value) if isinstance(value, (list, tuple)) else value.items():
        if type(name) is str and name.startswith(_SCHEME):
            found.append(((*names, name), name))
        if name in _FREE:
            continue
        # A call for each value would take as long as all checks of a job.
        if type(element) is str:
            if element.startswith(_SCHEME):
                found.append(((*names, name), element))
        elif element and isinstance(element, (dict, list, tuple, Mapping)):
            found += _oss_paths(element, (*names, name))
    return found
