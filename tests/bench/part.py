"""The process of a part: `python -m tests.bench.part module.function '{"argument": ...}'` (frame.Part starts it)."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import IO, Any

#: Where the bench listens: standard output as it was when the process began.
_mouth: list[IO[str]] = []


def say(line: Any) -> None:
    """The bench hears this."""
    _mouth[0].write(json.dumps(line) + "\n")
    _mouth[0].flush()


def hear() -> Any:
    """The next thing the bench says; None when it has nothing more to say."""
    line = sys.stdin.readline()
    return json.loads(line) if line else None


def peak_mb(pid: int | str = "self") -> float:
    """The most memory the process ever had resident, in MB of 1,000,000 bytes.

    VmHWM, not getrusage: that one remembers the parent's size across the exec.
    """
    with open(f"/proc/{pid}/status") as status:
        kibibytes = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(kibibytes) * 1024 / 1e6


def main() -> None:
    # Whatever else prints must not be taken for an answer.
    _mouth.append(os.fdopen(os.dup(1), "w"))
    os.dup2(2, 1)
    # The functions find `say` in the module by its name, where this one runs as __main__.
    sys.modules["tests.bench.part"] = sys.modules["__main__"]
    if os.environ.get("DJANGO_SETTINGS_MODULE"):
        import django

        django.setup()
    module, _, function = sys.argv[1].rpartition(".")
    result = getattr(importlib.import_module(f"tests.bench.{module}"), function)(**json.loads(sys.argv[2]))
    say({"done": result, "peak_mb": peak_mb(), "cpu_s": time.process_time()})


if __name__ == "__main__":
    main()
