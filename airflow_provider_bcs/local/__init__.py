"""The local service: BatchCompute's API over real HTTP, its commands run as real processes.

For development and tests. :mod:`.server` starts it; it imports the validation rules, never a client or Airflow.
"""
