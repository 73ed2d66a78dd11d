"""What can be asked of the engine; each module is a part of `Engine`."""
