"""Addresses of the pages that show a job: at the local service, and in the consoles of the cloud."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from .loopback import is_loopback_url

if TYPE_CHECKING:
    from .client import ServiceClient

__all__ = ["JOB_PAGES", "job_page_path", "local_page_url", "page_region", "page_token"]

#: Path at the local service below which the pages of jobs are.
JOB_PAGES = "/_local/jobs/"
# No signature of a request begins with this text, so a token is never a valid signature.
_PURPOSE = b"airflow-provider-bcs job page\0"
_REGION = re.compile(r"[a-z]{2}-[a-z0-9-]+")
_CLOUD = ".aliyuncs.com"


def page_token(access_key_secret: str, job_id: str) -> str:
    """Return the token that opens the page of one job, without giving away the secret.

    :param access_key_secret: secret of the local service's AccessKey
    :param job_id: id of the job

    >>> page_token("the-secret", "job-1") == page_token("the-secret", "job-2")
    False
    """
    return hmac.new(access_key_secret.encode(), _PURPOSE + job_id.encode(), hashlib.sha256).hexdigest()


def job_page_path(access_key_secret: str, job_id: str, part: str = "") -> str:
    """Return the path of a job's page at the local service.

    :param access_key_secret: secret of the local service's AccessKey
    :param job_id: id of the job
    :param part: task, role or pod that the link leads to; empty: the top of the page

    >>> path = job_page_path("the-secret", "job-1", "count")
    >>> path.startswith("/_local/jobs/job-1/"), path.endswith("#part-count")
    (True, True)
    """
    anchor = f"#part-{quote(part, safe='')}" if part else ""
    return f"{JOB_PAGES}{quote(job_id, safe='')}/{page_token(access_key_secret, job_id)}{anchor}"


def local_page_url(client: ServiceClient, job_id: str, part: str = "") -> str | None:
    """Return the URL of a job's page at the local service, None when the client's endpoint is not on this machine.

    The URL holds a token that is made from the keys. It opens this page only.

    :param client: client of the service that runs the job
    :param job_id: id of the job
    :param part: task, role or pod that the link leads to; empty: the top of the page
    :raises MissingCredentialsError: when the client has no keys

    >>> from airflow_provider_bcs.batchcompute import Client
    >>> print(local_page_url(Client("cn-shanghai", "LTAI5example", "the-secret"), "job-1"))
    None
    """
    if not is_loopback_url(client.endpoint):
        return None
    return f"{client.endpoint}{job_page_path(client.credentials().access_key_secret, job_id, part)}"


def page_region(region: str, endpoint: str) -> str:
    """Return the region whose console shows a job; empty when the endpoint is not one of the cloud.

    :param region: region of the client; may be any text when the client has an endpoint of its own
    :param endpoint: URL of the service

    >>> page_region("local", "https://pai-dlc-vpc.cn-shanghai.aliyuncs.com")
    'cn-shanghai'
    >>> page_region("cn-shanghai", "https://gateway.example")
    ''
    """
    host = urlsplit(endpoint).hostname or ""
    if not host.endswith(_CLOUD):
        return ""
    named = host.removesuffix(_CLOUD).rpartition(".")[2]
    return next((found for found in (named, region) if _REGION.fullmatch(found)), "")
