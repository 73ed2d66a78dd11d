"""The language of diagrams: what it can do, and that nothing else gets through it."""
