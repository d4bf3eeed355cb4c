"""One BatchCompute task as the body of a PAI-DLC job; knows nothing of Airflow."""
