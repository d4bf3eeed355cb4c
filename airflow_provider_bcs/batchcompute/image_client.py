"""The operations on images, and those that tell what can be had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_provider_bcs.description.source import JobSource, read_job
from airflow_provider_bcs.http.client import path_segment

from .facts import MAX_PAGE_SIZE
from .resources import AvailableResource, Image, ResourceQuotas
from .response import Created
from .roa_client import RoaClient


class ImageOperations(RoaClient):
    """Wherever an image is asked for by its id, an object with ``Id`` will do."""

    def create_image(self, image: JobSource, token: str = "") -> Created:
        """Make an image of one of ECS; its id is the ``Id`` of what is returned.

        :param image: a dict, JSON text, the path of a file, an ``ImageDescription`` or an object with ``detail()``
        :param token: up to 64 letters, digits and underscores; the same token with the same description gives the same
            image again instead of a second one. The description may hold it as ``IdempotentToken``
        """
        description = read_job(image)
        return self._create(Created, "/images", description, token or description.pop("IdempotentToken", ""))

    def get_image(self, image: Any) -> Image:
        """Return an image."""
        return self._get(Image, _image_path(image))

    def list_images(self, type_: str = "", *, page_size: int = MAX_PAGE_SIZE) -> Iterator[Image]:
        """Iterate over the account's images, or with ``System`` over those that everybody has."""
        return self._list(Image, "/images", {"Type": type_}, page_size)

    def delete_image(self, image: Any) -> None:
        """Delete an image of the account."""
        self._delete(_image_path(image))

    def get_quotas(self) -> ResourceQuotas:
        """Return the resource, disk and instance types that the account may use."""
        return self._get(ResourceQuotas, "/quotas")

    def get_available_resource(self) -> AvailableResource:
        """Return the instance types, with their sizes, and the disk types that can be had now."""
        return self._get(AvailableResource, "/available")


def _image_path(image: Any) -> str:
    return f"/images/{path_segment(getattr(image, 'Id', image), 'image id')}"
