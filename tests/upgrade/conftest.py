from tests.first_release import (
    _copies,
    _published,
    _upgraded,
    clock,
    first_backup,
    new_in_old_city,
    old_city,
    open_city,
)

__all__ = ["_copies", "_published", "_upgraded", "clock", "first_backup", "new_in_old_city", "old_city", "open_city"]
