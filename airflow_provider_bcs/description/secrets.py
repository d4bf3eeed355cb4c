"""Find and mask the secrets in a description."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise, zip_longest
from operator import is_not
from typing import Any

from .values import is_template

#: Replacement of a secret, as in Airflow's own masking.
HIDDEN = "***"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words of a name: they end at "_", "-", "." and where the case changes.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# A word that names a secret, with the words beside it that take this meaning away.
_OF_MODELS = _words(
    "audio batch begin bos by cls count end eos first image input last loss mask max mean middle min mixer n next num "
    "output pad per placeholder prefix prompt sep special start stop suffix think total train unk video vision"
)
# Words that take the meaning from the plural only: eval_tokens are many, EVAL_TOKEN is one.
_MANY_OF_MODELS = _OF_MODELS | _words(
    "added chunk completion context epoch eval extra generated ignore new reserved seq sequence source step target "
    "test valid validation warmup"
)
# Kinds of tokens that are secrets whatever stands beside them: VIDEO_API_ACCESS_TOKEN.
_TOKEN_KINDS = _words("access api auth bearer csrf oauth private refresh registry security session sts")
_SECRET_WORDS: dict[str, frozenset[str]] = {
    "token": _OF_MODELS,
    "tokens": _MANY_OF_MODELS,
    **dict.fromkeys(("secret", "secrets", "credential"), frozenset()),
    # The value of GOOGLE_APPLICATION_CREDENTIALS is a path.
    "credentials": frozenset({"application"}),
    "pass": _words("backward band first forward high low one second single two"),
}
# Names are also written in one piece: PGPASSWORD, apikey.
_SECRET_ENDS = (
    *("password", "passwords", "passwd", "passphrase", "secret", "apikey", "accesskey", "secretkey", "privatekey"),
    *("authtoken", "accesstoken", "apitoken", "bearertoken", "appkey", "authkey", "sshkey"),
    *("pgpass", "sshpass", "dbpass", "userpass", "sudopass", "keypass", "storepass", "dbpwd"),
)
# A part of each name below that tells of a secret. Few names have one, and the words of a name take long to find.
_MAY_BE_SECRET = re.compile("auth|credential|key|pass|pwd|secret|token", re.IGNORECASE)
# Kinds of keys that are secrets. A sort key or a primary key is none.
_KEYS = _words(
    "access account api app auth deploy encryption fernet hmac kaggle license master openai private sa signing ssh ssl "
    "storage tls wandb"
)
_AUTHS = (["redis", "auth"], ["rediscli", "auth"], ["registry", "auth"])
# A name that ends with one of these tells about a secret: where it is, what it is called, how long it is valid.
_ABOUT_SECRETS = _words(
    "arn backend bucketing budget classification column count dim dir dropout embedding embeddings endpoint env "
    "expires expiry field file format header host id ids len length level limit manager merging mode name names path "
    "policy provider pruning rate ratio scope size store ttl type uri url var version"
)
# Assignments in command lines, Options of mounts, and URLs.
_ASSIGNED = re.compile(
    r"""(?<![\w.-])(?P<name>[\w.-]+)=(?:"(?P<double>[^"]+)"|'(?P<single>[^']+)'|(?P<bare>[^\s"',;&|]+))"""
)
_PASSWORD_OF_URL = re.compile(r"://[^\s/:@]*:(?P<password>[^\s/@]+)@")
# A shorter text is part of many words, and a log with all of them masked is unreadable. Airflow 3 has the same limit.
_MIN_SECRET = 5
_MIN_LINE = 8
# Values that are no secrets: switches, numbers (also 1e-4, 128k, 2GiB), lists of them, references to shell variables.
_NUMBER = r"[+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:e[+-]?\d+|[kmbgt](?:i?b)?|%)?"
_NO_SECRET = re.compile(
    rf"true|false|yes|no|on|off|none|null|nan|[+-]?inf|[\[(]?{_NUMBER}(?:, ?{_NUMBER})*[\])]?|\$.*",
    re.IGNORECASE | re.DOTALL,
)


def secret_values(description: Any) -> Iterator[str]:
    """Yield the secret texts in ``description``, by the names of their fields or variables.

    >>> list(secret_values({"EnvVars": {"DB_PASSWORD": "abc", "MODE": "fast"}}))
    ['abc']
    """
    found: list[str] = []

    def note(secret: str) -> str:
        found.append(secret)
        return secret

    _replace(description, note)
    return iter(found)


def texts_to_mask(values: Iterable[Any]) -> Iterator[str]:
    """Yield the texts that must not appear where a secret may have been printed: secrets and their lines.

    :param values: secrets; values that are no text are left out

    >>> list(texts_to_mask(["-----BEGIN-----\\nabcdefgh\\n", "abc", None]))
    ['-----BEGIN-----\\nabcdefgh\\n', '-----BEGIN-----', 'abcdefgh']
    """
    for value in values:
        if isinstance(value, str) and len(value) >= _MIN_SECRET:
            yield value
            # A log holds a key of several lines line by line. A line of one brace is no secret.
            for line in map(str.strip, value.splitlines() if "\n" in value else ()):
                if len(line) >= _MIN_LINE:
                    yield line


def without_secrets(description: Any) -> Any:
    """Return ``description`` with ``***`` for each literal secret; share the values that hold none.

    >>> without_secrets({"EnvVars": {"DB_PASSWORD": "abc", "TOKEN": "{{ var.value.token }}"}})
    {'EnvVars': {'DB_PASSWORD': '***', 'TOKEN': '{{ var.value.token }}'}}
    """
    return _replace(description, lambda secret: secret if is_template(secret) else HIDDEN)


def literal_secrets(description: Any) -> Iterator[str]:
    """Yield the paths of the texts with a literal secret."""
    return _changed(description, without_secrets(description), "")


def _changed(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, (Mapping, list)):
        for key in before if isinstance(before, Mapping) else range(len(before)):
            yield from _changed(before[key], after[key], f"{path}.{key}" if path else str(key))
    elif before != after:
        yield path


def with_secrets(now: Any, shown: Any, whole: Any) -> Any:
    """Merge rendered values into the unmasked description.

    :param now: the masked description after rendering
    :param shown: the masked description before rendering
    :param whole: the description with its secrets
    :return: the value of ``now`` where it differs from ``shown``, of ``whole`` elsewhere

    >>> with_secrets({"A": "***", "B": "2026"}, {"A": "***", "B": "{{ ds }}"}, {"A": "secret", "B": "{{ ds }}"})
    {'A': 'secret', 'B': '2026'}
    """
    if isinstance(now, Mapping) and isinstance(shown, Mapping) and isinstance(whole, Mapping):
        return {key: with_secrets(value, shown.get(key), whole.get(key)) for key, value in now.items()}
    if isinstance(now, list) and isinstance(shown, list) and isinstance(whole, (list, tuple)):
        return [with_secrets(*values) for values in zip_longest(now, shown, whole)][: len(now)]
    return whole if now == shown else now


def _replace(value: Any, put: Callable[[str], str], name: str = "") -> Any:
    """Return ``value`` with ``put(secret)`` for each secret; ``name`` is the name of its field or variable."""
    # Most values are texts, and to tell that they are no mapping takes longer than all else here.
    if isinstance(value, str):
        if not value:
            return value
        return _put(value, put) if _is_secret(name) else _replace_in_text(value, put)
    if isinstance(value, Mapping):
        # A variable may be an object, with its name and its value in fields.
        own = value.get("Key") or value.get("Name")
        replaced = {
            key: _replace(element, put, str(own) if key == "Value" and own else str(key))
            for key, element in value.items()
        }
        return replaced if any(replaced[key] is not value[key] for key in replaced) else value
    if isinstance(value, (list, tuple)):
        elements = [_replace(element, put, name) for element in value]
        return elements if any(map(is_not, elements, value)) else value
    return value


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    if _MAY_BE_SECRET.search(name) is None:
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _ABOUT_SECRETS:
        return False
    # PWD is the working directory, MYSQL_PWD a password.
    if words == ["auth"] or words[-1:] == ["pwd"] != words or words[-2:] in _AUTHS:
        return True
    if any(before in _TOKEN_KINDS and word == "token" for before, word in pairwise(words)):
        return True
    if any(before in _KEYS and word in ("key", "keys") for before, word in pairwise(words)):
        return True
    return any(
        word.endswith(_SECRET_ENDS) or (word in _SECRET_WORDS and _SECRET_WORDS[word].isdisjoint(words))
        for word in words
    )


def _replace_in_text(text: str, put: Callable[[str], str]) -> str:
    if text[0] in "{[":
        # Options of a mount are JSON text.
        with suppress(ValueError, RecursionError):
            before = json.loads(text)
            after = _replace(before, put)
            return text if after == before else json.dumps(after)
    if "=" not in text and "@" not in text:
        return text

    def replaced(match: re.Match[str]) -> str:
        found = match.groupdict()
        if not _is_secret(found.get("name", "password")):
            return match[0]
        group = str(match.lastgroup)
        begin, end = (position - match.start() for position in match.span(group))
        return f"{match[0][:begin]}{_put(found[group], put)}{match[0][end:]}"

    return _ASSIGNED.sub(replaced, _PASSWORD_OF_URL.sub(replaced, text))


def _put(value: str, put: Callable[[str], str]) -> str:
    return value if _NO_SECRET.fullmatch(value.strip()) else put(value)
