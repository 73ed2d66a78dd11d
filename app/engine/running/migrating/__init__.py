"""Running instances go on under another version of their process (docs: guard 10 of the engine)."""
