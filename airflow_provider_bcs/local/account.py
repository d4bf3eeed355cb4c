"""Account of the local service, which has only one."""

ACCOUNT_ID = 1234567890
