"""What the pages in docs/ tell a newcomer to write works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_provider_bcs.cli import main
from tests.airflow.running import dag_bag, run_dag, states

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.usefixtures("airflow_db", "connection")
def test_the_first_graph(tmp_path, service, capsys):
    (tmp_path / "greet.json").write_text(blocks("first-graph.md", "json")[0])
    (tmp_path / "greet.py").write_text(blocks("first-graph.md", "python")[0])
    assert main(["validate", str(tmp_path / "greet.json")]) == 0
    assert capsys.readouterr().out.endswith("greet.json: valid\n")
    bag = dag_bag(tmp_path)
    assert bag.import_errors == {}
    assert states(run_dag(bag.dags["greet"])) == {"hello": "success", "world": "success", "both": "success"}
    assert (service.data_dir / "oss" / "greet" / "greeting.txt").read_text() == "hello\nworld\n"


def test_the_client_page(service, capsys):
    code = blocks("client.md", "python")[0]
    code = re.sub(r"Client\(.*?\)  #.*", f'Client("{service.url}", "local", "local")', code)
    exec(compile(code, "client.md", "exec"), {})
    assert re.match(r"job-[0-9A-F]{32} (Waiting|Running|Finished)\n", capsys.readouterr().out)


def test_every_page_is_linked_and_every_link_leads_somewhere():
    readme = (DOCS.parent / "README.md").read_text()
    assert {page.name for page in DOCS.glob("*.md")} <= set(re.findall(r"docs/([\w-]+\.md)", readme))
    for page in [DOCS.parent / "README.md", *DOCS.glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), (page.name, link)
