"""Job descriptions for tests: by hand and, for properties, at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


def task(command: str = "echo hi", **fields: Any) -> dict[str, Any]:
    """A valid task."""
    content = {"Parameters": {"Command": {"CommandLine": command}}, "InstanceCount": 1, "ClusterId": "cls-x"}
    return {**content, **fields}


def job(
    tasks: dict[str, Any] | None = None, dependencies: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """A valid job."""
    dag = {"Tasks": {"count": task()} if tasks is None else tasks, "Dependencies": dependencies or {}}
    return {"Name": "a-job", "Type": "DAG", "JobFailOnInstanceFail": True, "Priority": 1, "DAG": dag, **fields}


def without(content: dict[str, Any], path: str) -> dict[str, Any]:
    """Remove the field at a dotted path; returns ``content``."""
    *parents, last = path.split(".")
    place = content
    for name in parents:
        place = place[name]
    place.pop(last, None)
    return content


def put(content: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set the field at a dotted path; returns ``content``."""
    *parents, last = path.split(".")
    place = content
    for name in parents:
        place = place.setdefault(name, {})
    place[last] = value
    return content


names = st.from_regex(r"[a-zA-Z_-][a-zA-Z0-9_-]{0,20}", fullmatch=True)


@st.composite
def graphs(draw: st.DrawFn, max_tasks: int = 24) -> dict[str, Any]:
    """A job of random tasks and an acyclic random graph on them."""
    tasks = draw(st.lists(names, min_size=1, max_size=max_tasks, unique_by=str.lower))
    dependencies: dict[str, list[str]] = {}
    for index, source in enumerate(tasks[:-1]):
        later = tasks[index + 1 :]
        targets = draw(st.lists(st.sampled_from(later), max_size=4))
        if targets or draw(st.booleans()):
            dependencies[source] = targets
    return job({name: task(f"echo {name}") for name in tasks}, dependencies)
