"""The operator's side of the console: it knows the protocol, and nothing of the engine."""
