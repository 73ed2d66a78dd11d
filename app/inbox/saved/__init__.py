"""常用筛选: filters of the inbox that people keep under a name; one of them is what the inbox opens with."""

from app.inbox.saved.keeping import default, delete, keep, kept, listing, set_default
from app.inbox.saved.models import SavedFilter

__all__ = ["SavedFilter", "default", "delete", "keep", "kept", "listing", "set_default"]
