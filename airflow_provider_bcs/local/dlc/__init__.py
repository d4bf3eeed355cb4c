"""The PAI-DLC side of the local service: its operations, their state, and the engine that runs pods."""
