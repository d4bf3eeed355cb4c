"""The BatchCompute side of the local service: its operations, their state, and the engine that runs instances."""
