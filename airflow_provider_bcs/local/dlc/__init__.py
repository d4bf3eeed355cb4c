"""PAI-DLC in the local service: operations, state, and the engine that runs pods."""
