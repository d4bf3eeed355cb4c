"""Settings, values and checks of the fuzz tests.

``pytest -m fuzz --hypothesis-profile=fuzz`` (``make fuzz``) takes many more examples than a usual run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from .service import Service

S = TypeVar("S", bound=Service)

#: Entries that the service creates in its directory on demand, besides its state.
OWN = ("tmp", "uploads", "runs")

#: Set by ``--hypothesis-profile``; the profiles are in tests/conftest.py.
_FACTOR = max(1, settings.default.max_examples // 100) if settings.default else 1

# Pods run a command in a shell: none of these characters has an effect there.
ODD_TEXTS = st.sampled_from(
    ["", " ", "\0", "\ud800", "ü", "\U0001f600", "..", ".", "/", "../../x", "a/../../b", "%00", "%", "{{ x }}", "NaN"]
    + ["-1", "0", "1e999", "9" * 30, "x" * 300, "y" * 5000, "True", "null", "\n", "\x7f", "\u202e", "__proto__"]
    + ["oss://fuzz/", "oss://fuzz/../x", "oss://fuzz/link/x", "oss://../x/", "nas://h:/..", "/etc/passwd", "/home/x"]
    + ["job-", "cls-1", "img-ubuntu", "2020-01-01T00:00:00Z", "9999-99-99T99:99:99Z", "ecs.c6.large", "100Gi", "1u"]
) | st.text(alphabet="aZ09 _-.:/%{}[]ü\0\ud800", max_size=8)
ODD_NUMBERS = st.sampled_from(
    [0, -1, 1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30, 1e308, -0.0, 0.5, 1e-320]
) | st.integers(-3, 2000)
ODD_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | ODD_NUMBERS | ODD_TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXTS, inner, max_size=3),
    max_leaves=6,
)
#: Bodies that are not JSON, or unusual JSON.
ODD_BODIES = st.sampled_from(
    [b"", b"x", b"{", b"\xff\xfe", b"\xef\xbb\xbf{}", b"\0", b"NaN", b'{"Name": Infinity}', b"[" * 50_000, b"1" * 5000]
    + [b'{"a":' * 30_000, b'{"Name": "a", "Name": "b"}', b'{"Priority": 1' + b"0" * 5000 + b"}", b'"\\ud800"']
    + ['{"Name": "x"}'.encode("utf-16"), b"[]", b"0", b"null", b" " * 60_000, b'{"Name": 1e999}', b"{}x"]
) | st.binary(max_size=30)


def fuzzed(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the settings of a fuzz test with this number of examples in a usual run."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(max_examples=examples * _FACTOR, suppress_health_check=checks)


@st.composite
def damaged(draw: st.DrawFn, documents: st.SearchStrategy[dict[str, Any]], times: int = 2) -> Any:
    """Draw a document with some values changed, removed or added."""
    document: Any = json.loads(json.dumps(draw(documents)))
    for _ in range(draw(st.integers(0, times))):
        place = draw(st.sampled_from(list(_containers(document))))
        if isinstance(place, dict):
            key = draw(st.sampled_from(sorted(place)) if place else ODD_TEXTS) if draw(st.booleans()) else None
            key = draw(ODD_TEXTS) if key is None else key
            if draw(st.booleans()):
                place.pop(key, None)
            else:
                place[key] = draw(ODD_VALUES)
        elif place and draw(st.booleans()):
            place[draw(st.integers(0, len(place) - 1))] = draw(ODD_VALUES)
        else:
            place += [draw(ODD_VALUES)] * draw(st.sampled_from([1, 1, 40]))
    return document


def _containers(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)


def outside(service: Service) -> set[Path]:
    """Return unexpected files beside the data directory, in it, and behind symbolic links."""
    beside = service.data_dir.parent
    found = {path for path in beside.iterdir() if path not in (service.data_dir, service.log)}
    found |= {path for path in service.data_dir.iterdir() if not path.name.startswith("state.sqlite")}
    return found | set((beside / "outside").rglob("*"))


@contextmanager
def running(root: Path, *options: str, kind: type[S] = Service) -> Iterator[S]:
    """Run a service whose data directory has symbolic links to other directories; check all files at the end.

    That nothing failed without an answer, behind one, is checked here: its log tells of it.
    """
    service = kind(root / "data", *options)
    (root / "outside").mkdir()
    service.put_object("fuzz/in/file", "x")
    (service.data_dir / "oss/fuzz/link").symlink_to(root / "outside")
    (service.data_dir / "oss/linked-bucket").symlink_to(root / "outside")
    before = outside(service)
    yield service
    service.session.close()
    assert service.end() == 0
    assert "Traceback" not in service.log.read_text(errors="replace")
    assert outside(service) - before <= {service.data_dir / name for name in OWN}
