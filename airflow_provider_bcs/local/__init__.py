"""Local service for development and tests: the APIs of BatchCompute, PAI-DLC and OSS over HTTP.

It runs the commands of jobs as processes. :mod:`.server` starts it. It imports the validation rules, but neither a
client nor Airflow.
"""
