"""The tab in Airflow's page of a task instance that shows its remote job; the API server runs it."""
