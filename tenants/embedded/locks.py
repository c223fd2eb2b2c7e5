"""flock locks: they end with the process that holds them, however it ends."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """One open lock file; shared or exclusive until closed. The file is never deleted, so its inode stays one."""

    def __init__(self, path: Path) -> None:
        # 0600: whoever may open the file could keep the server running or keep it from starting.
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def share(self) -> None:
        """Held in common with other sharers; waits for an exclusive holder."""
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def hold(self) -> None:
        """Held alone; waits for all others."""
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def try_hold(self) -> bool:
        """Held alone if nobody else has it; answers at once."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Free for others; the file stays open."""
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        """Free for others, for good; safe to repeat."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    @classmethod
    def is_held(cls, path: Path) -> bool:
        """Whether some process holds it alone now."""
        lock = cls(path)
        try:
            fcntl.flock(lock._handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            lock.close()
        return False

    @classmethod
    def wait_until_free(cls, path: Path) -> None:
        """Returns when nobody holds it alone."""
        lock = cls(path)
        try:
            lock.share()
        finally:
            lock.close()
