"""What both services share: credentials, request signatures, the HTTP session and its errors."""
