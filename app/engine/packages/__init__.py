"""Process folders: read, refuse, compile, play their scenarios."""
