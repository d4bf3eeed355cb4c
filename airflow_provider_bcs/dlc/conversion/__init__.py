"""Conversion of one BatchCompute task into the body of a PAI-DLC job; knows nothing of Airflow."""
