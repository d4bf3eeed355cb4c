"""Describing something to a service: reading it from what an author has, typed models, and tables of rules."""
