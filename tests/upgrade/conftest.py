from tests.first_release import _upgraded, clock, first_backup, old_city, open_city

__all__ = ["_upgraded", "clock", "first_backup", "old_city", "open_city"]
