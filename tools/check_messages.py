"""Check that the Chinese catalogue is complete and compiled: no text of the source is missing, empty or guessed.

The sources are collected anew in a copy of the tree, so the check changes nothing in the checkout.
"""

import gettext
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.bootstrap import ROOT
from tools.messages import CATALOGUE, collect

SOURCES = ("core", "edge_node", "tenants", "monitoring")


def selected(catalogue: Path, *options: str) -> list[str]:
    """Texts of a catalogue that msgattrib selects by these options, as they stand in the file."""
    listed = subprocess.run(
        ["msgattrib", "--no-obsolete", "--no-wrap", *options, str(catalogue)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    entries = listed.split("\n\n")[1:]
    return [next((line for line in entry.splitlines() if line.startswith("msgid")), entry) for entry in entries]


def fresh_catalogue(folder: Path) -> Path:
    """The catalogue as `make messages` would leave it, made from a copy of the sources."""
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    shutil.copy(ROOT / "manage.py", folder)
    collect(folder)
    return folder / CATALOGUE


def compiled(catalogue: Path) -> dict[str, str]:
    """What the compiled file of a catalogue translates; empty if there is none."""
    binary = catalogue.with_suffix(".mo")
    if not binary.is_file():
        return {}
    with binary.open("rb") as file:
        translations = gettext.GNUTranslations(file)
    texts = {str(key): str(value) for key, value in vars(translations)["_catalog"].items()}
    texts.pop("", None)  # the header, which holds a date
    return texts


def faults() -> list[str]:
    if not (ROOT / CATALOGUE).is_file():
        return [f"{CATALOGUE} does not exist"]
    found = []
    with tempfile.TemporaryDirectory(prefix="yizhan-messages-") as scratch:
        fresh = fresh_catalogue(Path(scratch))
        found += [f"guessed, please confirm: {text}" for text in selected(fresh, "--only-fuzzy")]
        found += [f"not translated: {text}" for text in selected(fresh, "--untranslated")]
        recompiled = Path(scratch) / "django.po"
        shutil.copy(ROOT / CATALOGUE, recompiled)
        checked = subprocess.run(
            ["msgfmt", "--check", "-o", str(recompiled.with_suffix(".mo")), str(recompiled)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if checked.returncode != 0:
            found.append(checked.stderr.strip())
        elif compiled(recompiled) != compiled(ROOT / CATALOGUE):
            found.append(f"{CATALOGUE.with_suffix('.mo')} is not what {CATALOGUE.name} says")
    return found


def main() -> int:
    found = faults()
    for fault in found:
        print(fault)
    if found:
        print(f"{len(found)} faults; `make messages` collects and compiles, the translating is yours.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
