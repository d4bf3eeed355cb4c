"""Conversion of one BatchCompute task into the body of a PAI-DLC job.

:mod:`airflow_provider_bcs.container` makes the program; this package maps it to fields of CreateJob. It imports no
Airflow. ::

    body, violations = convert(job, Options(images={"img-ubuntu": "ubuntu:22.04"}), Site.of("cn-shanghai"))
"""

from airflow_provider_bcs.container.site import Site

from .conversion import Converted, convert, shown_body
from .fields import FIELDS
from .options import Options, Resources

__all__ = ["FIELDS", "Converted", "Options", "Resources", "Site", "convert", "shown_body"]
