"""Assembly of the object store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from airflow_provider_bcs.local.faults import Faults
from airflow_provider_bcs.local.options import AccessKeyOptions
from airflow_provider_bcs.local.origins import OriginCheck
from airflow_provider_bcs.local.store import Store

from .application import ObjectStoreApplication
from .bucket_api import BucketApi
from .multipart import Uploads
from .multipart_api import MultipartApi
from .object_api import ObjectApi
from .objects import Objects
from .records import SCHEMA as SCHEMA
from .records import Records
from .verifier import Verifier


def assemble(
    options: AccessKeyOptions,
    data_dir: Path,
    store: Store,
    origins: OriginCheck,
    requests: Counter[str],
    faults: Faults,
) -> ObjectStoreApplication:
    """Return the ASGI application of the object store."""
    objects = Objects(data_dir, Records(store))
    uploads = Uploads(data_dir, objects)
    operations = [
        *BucketApi(objects).operations(),
        *MultipartApi(uploads).operations(),
        *ObjectApi(objects).operations(),
    ]
    verifier = Verifier(options.access_key_id, options.access_key_secret)
    return ObjectStoreApplication(operations, verifier, objects.incoming, origins, requests, faults)
