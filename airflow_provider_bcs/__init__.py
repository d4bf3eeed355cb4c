"""Apache Airflow provider for Alibaba Cloud BatchCompute: job files as native Airflow graphs."""

__version__ = "0.1.0"
