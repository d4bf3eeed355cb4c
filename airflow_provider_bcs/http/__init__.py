"""HTTP layer of the service clients: session, errors, credentials, request signatures, response models."""
