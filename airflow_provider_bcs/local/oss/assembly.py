"""Assembly of the object store."""

from __future__ import annotations

from pathlib import Path

from airflow_provider_bcs.local.hosts import Hosts
from airflow_provider_bcs.local.options import AccessKeyOptions
from airflow_provider_bcs.local.store import Store

from .bucket_api import BucketApi
from .gateway import ObjectGateway
from .multipart import Uploads
from .multipart_api import MultipartApi
from .object_api import ObjectApi
from .objects import Objects
from .records import SCHEMA as SCHEMA
from .records import Records
from .verifier import Verifier


def assemble(options: AccessKeyOptions, data_dir: Path, store: Store, hosts: Hosts) -> ObjectGateway:
    """Return the gateway of the object store."""
    objects = Objects(data_dir, Records(store))
    uploads = Uploads(data_dir, objects)
    routes = [
        *BucketApi(objects, uploads).routes(),
        *MultipartApi(uploads, objects).routes(),
        *ObjectApi(objects).routes(),
    ]
    verifier = Verifier(options.access_key_id, options.access_key_secret)
    return ObjectGateway(routes, verifier, objects.incoming, hosts)
