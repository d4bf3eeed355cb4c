"""Find OSS paths whose bucket cannot exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
    if isinstance(value, Mapping):
        for name, element in value.items():
            here = f"{path}.{name}" if path else str(name)
            yield from _of_text(name, here)
            if name not in _FREE:
                yield from bucket_warnings(element, here)
    elif isinstance(value, (list, tuple)):
        for index, element in enumerate(value):
            yield from bucket_warnings(element, f"{path}.{index}")
    else:
        yield from _of_text(value, path)


def _of_text(text: Any, path: str) -> Iterator[str]:
    if not isinstance(text, str) or not text.startswith("oss://"):
        return
    bucket = _END_OF_BUCKET.split(text.removeprefix("oss://"), maxsplit=1)[0]
    if bucket and not is_template(bucket) and _BUCKET.fullmatch(bucket) is None:
        yield f"{path}: found bucket {bucket!r}; expected 3 to 63 of a-z, 0-9 and -, with no - at its ends."
