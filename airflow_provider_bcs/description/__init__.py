"""Descriptions of jobs, clusters and apps: reading them, typed models, rules, positions in a file, secrets."""
