"""The journal's migrations as a later version has them: today's, and one more that cannot be undone."""

from core.domain.journal import migrations

__path__ += migrations.__path__
