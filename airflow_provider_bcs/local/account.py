"""The one account of the local service."""

ACCOUNT_ID = 1234567890
