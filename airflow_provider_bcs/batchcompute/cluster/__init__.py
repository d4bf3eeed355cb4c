"""Clusters of BatchCompute, their machines, and the images of these machines."""
