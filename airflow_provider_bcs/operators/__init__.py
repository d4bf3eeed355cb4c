"""Operators: submit and wait."""
