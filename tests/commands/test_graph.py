"""The command graph."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings

from airflow_provider_bcs.cli import main
from tests.batchcompute.jobs import graphs, job, task
from tests.batchcompute.legacy_jobs import v1_job
from tests.commands.files import DIAMOND


def test_graph_as_text(file, run):
    assert run("graph", file("d.json", DIAMOND)) == (0, ["a -> b, c", "b (2 instances) -> d", "c -> d", "d"], [])
    chain = job({n: task() for n in "cab"}, {"a": ["b"], "b": ["c"]})
    assert run("graph", file("c.json", chain))[1] == ["a -> b", "b -> c", "c"]
    assert run("graph", file("t.json", job({"a": "{{ params.x }}"})))[1] == ["a"]
    fan = job({f"t{n}": task() for n in range(40)}, {"t0": [f"t{n}" for n in range(1, 40)]})
    assert run("graph", file("f.json", fan))[1][0] == "t0 -> " + ", ".join(f"t{n}" for n in range(1, 40))
    assert run("graph", file("old.json", v1_job()))[1] == ["Find"]


def test_graph_as_mermaid(file, run):
    description = job(
        {"end": task(InstanceCount='{{ params["n"] }}'), "a-b": task(InstanceCount=3)}, {"a-b": ["end", "end"]}
    )
    assert run("graph", "--mermaid", file("m.json", description))[1] == [
        "flowchart LR",
        '    task1["a-b (3 instances)"]',
        '    task2["end (#123;#123; params#91;#34;n#34;#93; #125;#125; instances)"]',
        "    task1 --> task2",
    ]


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(description=graphs())
def test_the_graph_is_whole_and_in_an_order_that_can_run(tmp_path_factory, capsys, description):
    path = tmp_path_factory.mktemp("graph") / "a.json"
    path.write_text(json.dumps(description))
    assert main(["graph", str(path)]) == 0
    lines = [line.partition(" -> ") for line in capsys.readouterr().out.splitlines()]
    order = [name for name, _, _ in lines]
    assert sorted(order) == sorted(description["DAG"]["Tasks"])
    found = {name: successors.split(", ") for name, arrow, successors in lines if arrow}
    dependencies = description["DAG"]["Dependencies"]
    assert found == {name: list(dict.fromkeys(targets)) for name, targets in dependencies.items() if targets}
    for name, successors in found.items():
        assert all(order.index(name) < order.index(successor) for successor in successors)
