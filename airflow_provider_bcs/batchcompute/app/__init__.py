"""Apps of BatchCompute: programs that the service keeps, and jobs run by name."""
