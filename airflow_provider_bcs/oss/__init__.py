"""Client of OSS on top of the vendor's library; needs no Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_bcs.lazy import lazy_names

if TYPE_CHECKING:
    from .excerpt import Excerpt as Excerpt
    from .store import ObjectStore as ObjectStore

__all__, __getattr__ = lazy_names(__name__, {".excerpt": "Excerpt", ".store": "ObjectStore"})
