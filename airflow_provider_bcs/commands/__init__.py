"""The commands of ``airflow-bcs`` that work on job files."""


class CommandError(Exception):
    """What a command cannot do; the text goes to stderr, a line for each thing that is wrong."""
