"""Writing the draft and the releases. The door of this app: import from here."""

from core.county.publishing.services.drafts import draft_put, draft_remove, record_save
from core.county.publishing.services.dues import dues_refresh_defer
from core.county.publishing.services.imports import ImportDone, file_import, file_read_as, import_records
from core.county.publishing.services.releases import release_files_ensure, release_publish, release_recall

__all__ = [
    "ImportDone",
    "draft_put",
    "draft_remove",
    "dues_refresh_defer",
    "file_import",
    "file_read_as",
    "import_records",
    "record_save",
    "release_files_ensure",
    "release_publish",
    "release_recall",
]
