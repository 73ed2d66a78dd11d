"""What lists, counts and reports read, written in the same transaction as the state they come from."""
