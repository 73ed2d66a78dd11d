"""One turn of one instance: restore, step, project, seal. The only part that touches tokens."""
