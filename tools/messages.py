"""Collect the translatable texts of the product into core/locale and compile the catalogues (`make messages`).

Texts that left the source leave the catalogue. New ones come in untranslated: fill them in, then run it once more.
"""

import subprocess
import sys
from pathlib import Path

from tools.bootstrap import ROOT

LANGUAGE = "zh_Hans"
CATALOGUE = Path("core/locale") / LANGUAGE / "LC_MESSAGES/django.po"

#: Folders of the checkout whose texts no user reads.
IGNORED = (".venv", "ansible", "docs", "node_modules", "requirements", "tests", "tools", "var")

#: A new catalogue begins with this; gettext's own template is marked as a guess, and loses the character set thereby.
HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: yizhan\\n"
"PO-Revision-Date: 2026-11-22 00:00+0800\\n"
"Last-Translator: Yizhan\\n"
"Language-Team: Yizhan\\n"
"Language: zh_Hans\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""


def collect(tree: Path) -> None:
    """The catalogue of the tree holds exactly the texts of its sources, with the source files named, without lines."""
    ignores = [f"--ignore={name}" for name in IGNORED]
    command = [
        "makemessages", f"--locale={LANGUAGE}", "--no-obsolete", "--no-wrap", "--add-location=file",
        "--extension=html,txt,py", *ignores,
    ]  # fmt: skip
    manage(tree, *command)


def manage(tree: Path, *command: str) -> None:
    """Run a management command in the tree; its output is shown only if it fails. Raises CalledProcessError."""
    done = subprocess.run(
        [sys.executable, "manage.py", *command, "--settings=core.county.settings"], cwd=tree,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        print(done.stdout)
        raise subprocess.CalledProcessError(done.returncode, command[0])


def main() -> int:
    if not (ROOT / CATALOGUE).exists():
        (ROOT / CATALOGUE).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / CATALOGUE).write_text(HEADER, encoding="utf-8")
    collect(ROOT)
    subprocess.run(["msgfmt", "--check", "-o", str(CATALOGUE.with_suffix(".mo")), str(CATALOGUE)], cwd=ROOT, check=True)
    left = subprocess.run(
        ["msgattrib", "--untranslated", "--no-obsolete", str(CATALOGUE)], cwd=ROOT, capture_output=True, text=True,
        check=True,
    ).stdout.count('\nmsgstr ""')  # fmt: skip
    # The header's own empty msgid is printed too whenever anything is.
    print(f"{CATALOGUE}: {max(0, left - 1)} texts without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
