"""What a person sees of a remote job, in Chromium: the page behind the link, and the tab in Airflow's own page."""

from __future__ import annotations

import re
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc import Client as DlcClient
from airflow_provider_bcs.pages.html import REFRESH_ACTIVE
from tests.browser.conftest import DAG_ID, RUN_ID, SCREENSHOTS
from tests.child import LIMIT
from tests.local.service import Service

pytestmark = pytest.mark.browser

TABS, SECONDS = 10, 60
#: A browser on a busy machine, in milliseconds.
PATIENCE = 60_000


def page_of(base: str, task_id: str) -> str:
    return f"{base}/dags/{DAG_ID}/runs/{RUN_ID}/tasks/{task_id}"


def tab_of(base: str, task_id: str) -> str:
    """Return the address of what Airflow's page shows inside the tab."""
    return f"{base}/bcs/job?dag_id={DAG_ID}&run_id={RUN_ID}&task_id={task_id}&map_index=-1"


def xcom(api: requests.Session, base: str, task_id: str, key: str) -> Any:
    path = f"{base}/api/v2/dags/{DAG_ID}/dagRuns/{RUN_ID}/taskInstances/{task_id}/xcomEntries/{key}"
    return api.get(path, timeout=30).json()["value"]


@pytest.mark.parametrize("task_id", ["fails", "runs", "train", "trains", "ends", "follows"])
def test_the_link_and_the_tab_name_the_states_of_the_api(
    browser: Any, api: requests.Session, base: str, client: Client, dlc: DlcClient, task_id: str
):
    links = f"{base}/api/v2/dags/{DAG_ID}/dagRuns/{RUN_ID}/taskInstances/{task_id}/links"
    [url] = api.get(links, timeout=30).json()["extra_links"].values()
    remote = xcom(api, base, task_id, "remote_job")
    if remote["service"] == "dlc":
        job = dlc.get_job(remote["job_id"])
        expected = {job.Status, *(pod.Status for pod in job.Pods)}
    else:
        tasks = list(client.list_tasks(remote["job_id"]))
        instances = [each.State for task in tasks for each in client.list_instances(remote["job_id"], task.TaskName)]
        expected = {client.get_job(remote["job_id"]).State, *(task.State for task in tasks), *instances}
    with browser.new_context() as context:
        page = context.new_page()
        for address in (url, tab_of(base, task_id)):
            page.goto(address, timeout=PATIENCE)
            found = {re.sub(r"^\W+", "", text) for text in page.locator(".badge").all_inner_texts()}
            assert found == expected, address
            assert remote["job_id"] in page.inner_text(".id")


def test_the_tab_shows_the_instance_that_failed(browser: Any, base: str):
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        page = context.new_page()
        page.goto(page_of(base, "fails"), timeout=PATIENCE)
        page.get_by_role("link", name="Remote job").click(timeout=PATIENCE)
        frame = page.frame_locator("iframe[title='Remote job']")
        frame.locator("#part-many").wait_for(timeout=PATIENCE)
        assert frame.locator("#part-many .unit").count() == 40
        assert frame.locator("#part-many .unit .badge.bad").count() == 1
        failed = frame.locator("[id='part-many.23']")
        assert "exit code 3" in failed.inner_text()
        assert "the last words of 23" in failed.inner_text()
        failed.scroll_into_view_if_needed()
        page.screenshot(path=SCREENSHOTS / "tab.png")
        # The reader chooses another log.
        other = frame.locator("[id='part-many.7']")
        other.locator("summary").click()
        other.get_by_role("link", name="stderr").click()
        frame.locator("[id='part-many.7'] pre").wait_for(timeout=PATIENCE)
        assert "instance 7 begins" in frame.locator("[id='part-many.7']").inner_text()
        page.screenshot(path=SCREENSHOTS / "tab-other-log.png")


@pytest.mark.parametrize("task_id", ["fails", "trains"])
def test_a_phone_shows_the_tab_without_scrolling_sideways(browser: Any, base: str, task_id: str):
    with browser.new_context(viewport={"width": 375, "height": 700}) as context:
        page = context.new_page()
        page.goto(tab_of(base, task_id), timeout=PATIENCE)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        page.screenshot(path=SCREENSHOTS / f"phone-{task_id}.png", full_page=True)


def test_ten_tabs_cost_one_call_an_interval(browser: Any, base: str, service: Service):
    def calls() -> dict[str, int]:
        found = requests.get(f"{service.url}/_local/requests", timeout=10).json()
        # Triggers list jobs and tasks.
        return {name: found.get(f"batchcompute.{name}", 0) for name in ("GetJob", "GetJobDescription", "ListInstances")}

    with browser.new_context() as context:
        pages = [context.new_page() for _ in range(TABS)]
        before = calls()
        begin = time.monotonic()
        for page in pages:
            page.goto(page_of(base, "runs") + "/plugin/bcs_remote_job", wait_until="commit", timeout=PATIENCE)
        for page in pages:
            page.frame_locator("iframe[title='Remote job']").locator("#part-endless").wait_for(timeout=PATIENCE)
        pages[0].wait_for_timeout(1000 * SECONDS)
        after, seconds = calls(), time.monotonic() - begin
    made = {name: after[name] - before[name] for name in before}
    print(f"{TABS} tabs, {seconds:.0f} s: {made}")
    assert 2 <= made["GetJob"] <= seconds / REFRESH_ACTIVE + 1
    # The rest of the job is read when it has changed, and once a minute.
    assert made["GetJobDescription"] <= seconds / 60 + 1
    assert made["ListInstances"] <= seconds / 60 + 1


def test_a_service_that_hangs_leaves_the_api_server_answering(
    api: requests.Session, base: str, faults: Callable[..., None]
):
    def p99() -> float:
        times = []
        for _ in range(300):
            begin = time.monotonic()
            assert api.get(f"{base}/api/v2/version", timeout=30).ok
            times.append(time.monotonic() - begin)
        return statistics.quantiles(times, n=100)[98]

    texts: list[str] = []
    is_over = threading.Event()

    def look() -> None:
        with requests.Session() as session:
            session.headers.update(api.headers)
            while not is_over.is_set():
                texts.append(session.get(tab_of(base, "trains"), timeout=30).text)

    idle = p99()
    faults({"operation": "dlc.GetJob", "kind": "slow", "seconds": 120})
    watchers = [threading.Thread(target=look) for _ in range(TABS)]
    for watcher in watchers:
        watcher.start()
    time.sleep(8)
    try:
        hanging = p99()
    finally:
        is_over.set()
        for watcher in watchers:
            watcher.join(LIMIT)
    print(f"p99 of the API server: {1000 * idle:.0f} ms idle, {1000 * hanging:.0f} ms beside a service that hangs")
    assert hanging < 10 * idle + 0.5
    assert any("has not answered for" in text or "does not answer" in text for text in texts)
