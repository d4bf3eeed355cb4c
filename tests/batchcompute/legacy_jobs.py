"""Jobs of the first API: the examples of its SDK's page in words of our own, and at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.batchcompute.jobs import names


def find_prime(**fields: Any) -> dict[str, Any]:
    """The task of the page's example."""
    return {
        "PackageUri": "oss://your-bucket/batch_python_sdk/worker.tar.gz",
        "ProgramName": "find_prime_worker.py",
        "ProgramType": "python",
        "InstanceCount": 1,
        "ResourceDescription": {"Cpu": 800, "Memory": 2000},
        "EnvironmentVariables": {},
        "ImageId": "img-xxxx",
        "StdoutRedirectPath": "oss://your-bucket/batch_python_sdk/logs/",
        "StderrRedirectPath": "oss://your-bucket/batch_python_sdk/logs/",
        **fields,
    }


def v1_job(tasks: dict[str, Any] | None = None, dependencies: Any = None, **fields: Any) -> dict[str, Any]:
    """The job of the page's example, or one of other tasks."""
    dag = {"TaskDescMap": {"Find": find_prime()} if tasks is None else tasks, "Dependencies": dependencies or {}}
    return {"JobName": "find-prime", "JobTag": "Batchcompute", "Priority": 0, "TaskDag": dag, **fields}


class VendorObject:
    """What the first SDK's classes look like from outside; they may hold one another."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def detail(self) -> dict[str, Any]:
        return self.fields


# Each leaf is of a kind of its own, so that finding it somewhere means that it was carried over.
_words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=12)
_folders = st.builds("oss://{}/{}{}".format, _words, _words, st.sampled_from(["", "/"]))
_tasks = st.fixed_dictionaries(
    {"ProgramName": st.builds("{}.py".format, _words)},
    optional={
        "PackageUri": st.builds("oss://{}/{}.tar.gz".format, _words, _words),
        "ProgramType": st.sampled_from(["python", "php", "java", "native"]),
        "ProgramArguments": st.lists(_words, min_size=1, max_size=4).map(" ".join),
        "ImageId": st.builds("img-{}".format, _words),
        "InstanceCount": st.one_of(st.integers(1, 5000), st.integers(1, 99).map(str)),
        "Timeout": st.integers(1, 86_400),
        "EnvironmentVariables": st.dictionaries(_words, _words, max_size=4),
        "StdoutRedirectPath": _folders,
        "StderrRedirectPath": _folders,
        "ResourceDescription": st.fixed_dictionaries(
            {}, optional={"Cpu": st.integers(1, 2400), "Memory": st.integers(1, 65_536)}
        ),
        "OssMapping": st.dictionaries(_folders, st.builds("/home/{}".format, _words), max_size=3),
        "OssMappingLock": st.booleans(),
        "OssMappingLocale": st.sampled_from(["GBK", "BIG5", "SHIFT-JIS"]),
        "BlockDeviceMapping": st.just({"/dev/xvda": {"SnapshotId": "s-1"}}),
        "LoadImage": _words,
        "MaxReplica": st.integers(1, 9),
    },
)


@st.composite
def v1_jobs(draw: st.DrawFn) -> dict[str, Any]:
    """A valid job of random tasks and an acyclic random graph on them."""
    tasks = draw(st.dictionaries(names, _tasks, min_size=1, max_size=8))
    order = list(tasks)
    dependencies = {
        name: draw(st.lists(st.sampled_from(order[index + 1 :]), unique=True, max_size=3))
        for index, name in enumerate(order[:-1])
    }
    optional = {"JobTag": _words, "Description": _words, "Priority": st.integers(0, 1000)}
    fields = draw(st.fixed_dictionaries({"JobName": names}, optional=optional))
    return {**fields, "TaskDag": {"TaskDescMap": tasks, "Dependencies": dependencies}}
