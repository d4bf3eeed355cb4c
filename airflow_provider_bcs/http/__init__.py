"""The HTTP session to the services: errors, credentials, request signatures, response models."""
