"""The gallery (样例库): shipped processes and small patterns to begin with, and the guide to a new process."""
