"""Job files that several of the tests here give to commands."""

from __future__ import annotations

from pathlib import Path

from tests.batchcompute.jobs import job, task

DIAMOND = job({n: task(InstanceCount=2 if n == "b" else 1) for n in "dabc"}, {"a": ["b", "c"], "b": ["d"], "c": ["d"]})

BAD = job(
    {
        "a": task(Tiemout=3, InputMapping={"oss://bucket/a.b/": "home/in"}),
        "b.c": task("x", Mounts={"Entries": [{"Source": "oss://bucket/", "Destination": "/x"}, {"Source": "b"}]}),
    },
    {"a": ["z"]},
    Priority=-1,
)


def line_of(name, text):
    """Return the number of the only line with a text."""
    (number,) = (number for number, line in enumerate(Path(name).read_text().splitlines(), 1) if text in line)
    return number
