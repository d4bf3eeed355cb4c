"""One BatchCompute task as a program in a container; knows neither Airflow nor a target such as PAI-DLC."""
