"""Sensors: wait for something that was submitted elsewhere."""
