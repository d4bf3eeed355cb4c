"""Read a description from a dict, JSON text, a JSON or YAML file, or the object of an SDK."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from airflow_provider_bcs.exceptions import JobSourceError, JobSyntaxError

if TYPE_CHECKING:
    import yaml

#: Largest job file, in bytes. The services accept far smaller jobs; a translator may split a file into one job a task.
MAX_FILE_SIZE = 16 * 1024 * 1024
FILE_SUFFIXES = (".json", ".yaml", ".yml")
_MAX_NODES = 2_000_000
_MAX_DEPTH = 64
_MERGE = "tag:yaml.org,2002:merge"
_SCALARS = frozenset({str, int, bool, float, type(None)})
# Texts of PyYAML before a name: an unquoted password that begins with one of these characters is such a name.
_NAMED = re.compile("(undefined alias|for the tag|tag handle|duplicate anchor) .*", re.DOTALL)
_JSON_WORDS = {"None": "null", "True": "true", "False": "false"}
# What a text processor or a Chinese keyboard writes in place of a sign of JSON, and Python for a quote.
_JSON_SIGNS = {
    "\uff0c": "','",
    "\uff1a": "':'",
    **dict.fromkeys("'\u2018\u2019\u201c\u201d\uff02", "a double quote"),
}
_PYTHON_WORD = re.compile(rf"({'|'.join(_JSON_WORDS)})\b")
_INFINITE = (float("inf"), float("-inf"))


@runtime_checkable
class HasDetail(Protocol):
    """An object that returns its content as a dict: this package's models, classes of the vendor's BatchCompute SDK."""

    def detail(self) -> dict[str, Any]: ...


@runtime_checkable
class HasMap(Protocol):
    """A request object of the vendor's newer SDKs."""

    def to_map(self) -> dict[str, Any]: ...


JobSource: TypeAlias = Mapping[str, Any] | str | os.PathLike[str] | HasDetail | HasMap
#: The kinds of JobSource that are objects, without a text to parse.
DESCRIBED = (Mapping, HasDetail, HasMap)


class PlainDescription(Mapping[str, Any]):
    """A description that was read. Every function that takes a description takes it too, and does not copy it.

    :ivar content: the description as plain values; several holders share it, so never change it
    """

    # A dataclass would take as long to import as the rest of this module.
    __slots__ = ("content",)

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.content!r})"

    def __getitem__(self, name: str) -> Any:
        return self.content[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)


class CheckedJob(PlainDescription):
    """A job description that was read, has the form of the current API, and breaks no rule.

    ``check_job`` of a service makes it. Every function that takes a job takes a CheckedJob too, and then neither reads,
    copies nor converts it. A value with a Jinja template is unchecked until Airflow has rendered it.

    :ivar warnings: a sentence for each valid value that may not have the effect that the author expects
    :ivar source: name of the file that it was read from; may be empty
    """

    __slots__ = ("source", "warnings")

    def __init__(self, content: dict[str, Any], warnings: tuple[str, ...] = (), source: str = "") -> None:
        super().__init__(content)
        self.warnings = warnings
        self.source = source

    def with_fields(self, **fields: Any) -> CheckedJob:
        """Return a job with other values of some fields, which have to be valid.

        >>> CheckedJob({"Name": "count"}).with_fields(AutoRelease=False).content
        {'Name': 'count', 'AutoRelease': False}
        """
        return CheckedJob({**self.content, **fields}, self.warnings, self.source)


def read_description(job: JobSource) -> dict[str, Any]:
    """Return a description as a new dict of plain values, with the service's field names.

    :param job: a dict, JSON text, the path of a ``.json``/``.yaml``/``.yml`` file, or an object with ``detail()`` or
        ``to_map()``; the content of a :class:`PlainDescription` is not copied in depth
    :raises JobSourceError: when it is none of these, or the file or text is unreadable

    >>> read_description('{"Name": "count"}')
    {'Name': 'count'}
    >>> read_description({"Mounts": ()})
    {'Mounts': []}
    """
    if isinstance(job, PlainDescription):
        return dict(job.content)
    if isinstance(job, DESCRIBED):
        return dict(_plain(job))
    if isinstance(job, os.PathLike):
        return read_description_file(job)
    if isinstance(job, str):
        if job.strip().lower().endswith(FILE_SUFFIXES) and "\n" not in job.strip():
            return read_description_file(job)
        return parse_description(job)
    raise JobSyntaxError(
        f"Job: found {_kind(job)}; expected a dict, JSON text, the path of a {', '.join(FILE_SUFFIXES)} file,"
        " or an object with detail() or to_map().",
        code="InvalidHttpBody",
    )


def _plain(value: Any, depth: int = 0) -> Any:
    """Return a copy of ``value`` in which each model and each object of an SDK is its dict."""
    if type(value) in _SCALARS:
        return value
    if depth > _MAX_DEPTH:
        raise JobSyntaxError("The job is nested too deeply.")
    if isinstance(value, Mapping):
        return {_text_key(key): _plain(element, depth + 1) for key, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(element, depth + 1) for element in value]
    if isinstance(value, HasDetail):
        return _plain(value.detail(), depth)
    return _plain(value.to_map(), depth) if isinstance(value, HasMap) else value


def _text_key(key: Any) -> str:
    if not isinstance(key, str):
        raise JobSyntaxError(
            f"Found the key {key!r}, {_kind(key)}; expected a text. In YAML, write it in quotes:"
            " on, off, yes and no are booleans there."
        )
    return key


def read_description_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a description from a JSON or YAML file of at most 16 MiB.

    :raises JobSourceError: when the file does not exist, or is empty, too large, or no description
    """
    return parse_description(read_text(path), name=str(path), yaml=Path(path).suffix.lower() != ".json")


def read_text(path: str | os.PathLike[str]) -> str:
    """Return the text of a file of at most 16 MiB.

    :raises JobSourceError: when the file does not exist, is too large, or is no UTF-8 text
    """
    file = Path(path)
    try:
        status = file.stat()
        if not S_ISREG(status.st_mode):
            found = "a directory" if S_ISDIR(status.st_mode) else "no regular file"
            raise JobSourceError(f"{file}: found {found}; expected a file.")
        if status.st_size > MAX_FILE_SIZE:
            raise JobSourceError(_too_large(str(file), status.st_size))
        text = file.read_bytes().decode("utf-8-sig")
        # No character of UTF-8 text is 0. Each second byte is 0 in UTF-16 text without a mark at its beginning.
        if "\0" in text[:2]:
            raise JobSourceError(f"{file} is not UTF-8 text: found the character 0; save it as UTF-8.")
        return text
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise JobSourceError(f"{file} is not UTF-8 text: line {line} cannot be decoded; save it as UTF-8.") from None
    except JobSourceError:
        raise
    except (OSError, ValueError) as error:
        # pathlib raises ValueError for a path with the character 0.
        raise JobSourceError(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def parse_description(text: str, *, name: str = "The job text", yaml: bool = False) -> dict[str, Any]:
    """Parse the text of a description; this function never opens a file.

    :param name: the name of the text in an error
    :param yaml: parse YAML instead of JSON
    :raises JobSyntaxError: when the text is empty, malformed, or no object

    >>> parse_description("Name: count", yaml=True)
    {'Name': 'count'}
    """
    try:
        return _parse(text, name, yaml)
    except JobSyntaxError as error:
        error.source = name
        raise


def _parse(text: str, name: str, yaml: bool) -> dict[str, Any]:
    if not text.strip():
        raise JobSyntaxError(f"{name} is empty.")
    if len(text) > MAX_FILE_SIZE:
        raise JobSyntaxError(_too_large(name, len(text)))
    description = _bounded(_parse_yaml(text, name) if yaml else _parse_json(text, name), name)
    if not isinstance(description, dict):
        raise JobSyntaxError(f"{name}: found {_kind(description)}; expected an object.", code="InvalidHttpBody")
    return description


def _too_large(name: str, length: int) -> str:
    return f"{name}: found {length / 1024**2:.1f} MiB; expected at most {MAX_FILE_SIZE // 1024**2} MiB."


def _too_many(name: str) -> str:
    return f"{name}: found more than {_MAX_NODES:,} values, YAML aliases followed; expected fewer."


def _repeated(keys: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            yield key
        seen.add(key)


def _kind(value: object) -> str:
    words = {str: "a string", list: "an array", type(None): "nothing", int: "a number", bool: "a boolean"}
    return words.get(type(value), f"a {type(value).__name__}")


def _parse_json(text: str, name: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for twice in _repeated(key for key, _ in pairs):
            raise JobSyntaxError(f"{name}: found the key {twice!r} twice in one object; expected it once.")
        return dict(pairs)

    def no_constant(constant: str) -> None:
        raise JobSyntaxError(f"{name}: found {constant}, which is not JSON.")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        problem = _json_problem(error)
        raise JobSyntaxError(f"{name} is not JSON: {problem} at {where}.", line=error.lineno) from None
    except RecursionError:
        raise JobSyntaxError(f"{name} is nested too deeply.") from None
    except JobSyntaxError:
        raise
    except ValueError as error:
        raise JobSyntaxError(f"{name} holds a number that cannot be read: {error}") from None


def _json_problem(error: json.JSONDecodeError) -> str:
    """Return the mistake at the place of an error, and its correction."""
    before, after = error.doc[: error.pos].rstrip(), error.doc[error.pos :].lstrip()
    if after.startswith(("//", "/*", "#")):
        return "found a comment, which JSON does not have; remove it"
    # Python 3.13 places the error at the comma, older ones behind it.
    too_many = (after[:1] in ("}", "]", ",") and before.endswith(",")) or re.match(r",\s*([}\],]|$)", after)
    if too_many or (after.startswith(",") and before.endswith(("{", "["))):
        return "found a comma too many; remove the comma"
    if plain := _JSON_SIGNS.get(after[:1]):
        return f"found {after[0]!r}; expected {plain}"
    if error.msg.startswith("Invalid control character"):
        return "found a control character in a text; write it as an escape, such as \\n or \\t"
    if word := _PYTHON_WORD.match(after):
        return f"found {word[0]}; expected {_JSON_WORDS[word[0]]}"
    # No more of the text: it may be a secret.
    return f"{error.msg}, found {after[0]!r}" if after else f"{error.msg}, found the end of the text"


def _parse_yaml(text: str, name: str) -> Any:
    import yaml

    try:
        return yaml.load(text, _yaml_loader(name))  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        where = f" at line {line} column {mark.column + 1}" if mark else ""
        problem = _NAMED.sub(r"\1", " ".join(str(getattr(error, "problem", None) or error).split()))
        if problem.startswith("but "):
            # The end of a sentence that begins in the context: one document was expected.
            problem = f"{getattr(error, 'context', '')}, {problem}"
        raise JobSyntaxError(f"{name} is not YAML: {problem}{where}.", line=line) from None
    except RecursionError:
        raise JobSyntaxError(f"{name} is nested too deeply.") from None
    except JobSyntaxError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # The text of the error holds the value, which may be secret.
        raise JobSyntaxError(f"{name} holds a value that cannot be read ({type(error).__name__}).") from None


def _yaml_loader(name: str) -> type[yaml.SafeLoader]:
    import yaml

    class Loader(yaml.SafeLoader):
        """A safe loader that refuses a key that is twice in one mapping, and bounds the size of merged mappings."""

        merged = 0

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = (key for key, _ in node.value if isinstance(key, yaml.ScalarNode))
            for twice in _repeated(key.value for key in keys if key.tag != _MERGE):
                raise JobSyntaxError(f"{name}: found the key {twice!r} twice in one mapping; expected it once.")
            return super().construct_mapping(node, deep=deep)

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            sources = [value for key, value in node.value if key.tag == _MERGE]
            for source in sources:
                for mapping in source.value if isinstance(source, yaml.SequenceNode) else [source]:
                    if isinstance(mapping, yaml.MappingNode):
                        self.flatten_mapping(mapping)
                        self.merged += len(mapping.value)
                        if self.merged > _MAX_NODES:
                            raise JobSyntaxError(_too_many(name))
            super().flatten_mapping(node)

    # Dates and times stay texts: no description has a field for them.
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader


def _bounded(document: Any, name: str) -> Any:
    """Copy values that YAML aliases share, so that one task cannot change another; refuse alias bombs.

    Refuse also values that JSON text can hold and a description cannot: great depth, and infinite numbers.
    """
    count = 0

    def copy(value: Any, depth: int) -> Any:
        nonlocal count
        count += 1
        if depth > _MAX_DEPTH:
            raise JobSyntaxError(f"{name} is nested too deeply.")
        if count > _MAX_NODES:
            raise JobSyntaxError(_too_many(name))
        if isinstance(value, dict):
            return {_text_key(key): copy(element, depth + 1) for key, element in value.items()}
        if isinstance(value, list):
            return [copy(element, depth + 1) for element in value]
        if not isinstance(value, (str, int, float, bool, type(None))) or value != value or value in _INFINITE:
            raise JobSyntaxError(f"{name}: found {_kind(value)} that JSON cannot hold.")
        if type(value) is int:
            try:
                str(value)
            except ValueError as error:
                # YAML reads a number in hexadecimal that Python refuses to write in decimal.
                raise JobSyntaxError(f"{name} holds a number that cannot be read: {error}") from None
        return value

    return copy(document, 0)
