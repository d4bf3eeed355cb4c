"""The local service: the APIs of BatchCompute and PAI-DLC over real HTTP, their commands run as real processes.

For development and tests. :mod:`.server` starts it; it imports the validation rules, never a client or Airflow.
"""
