"""Check that files stay under 400 lines and functions under 40, so that both can be read in one go.

A function's lines count without its docstring and decorators. Migrations and vendored files are left out.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.bootstrap import ROOT

FILE_LINES = 400
FUNCTION_LINES = 40

FOLDERS = ("core", "edge_node", "tenants", "tests", "tools", "monitoring")
SUFFIXES = {".py", ".html", ".js", ".css", ".sh"}
LEFT_OUT = {"migrations", "vendor", "assets", "node_modules", "__pycache__"}


def sources() -> Iterator[Path]:
    yield ROOT / "manage.py"
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SUFFIXES and not LEFT_OUT & set(path.relative_to(ROOT).parts):
                yield path


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the `def` to the end, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def long_functions(path: Path, text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text, str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (lines := body_lines(node)) > FUNCTION_LINES:
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has {lines} lines; split it by what it does"


def faults() -> Iterator[str]:
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > FILE_LINES:
            yield f"{path.relative_to(ROOT)}: {lines} lines; split it by subject"
        if path.suffix == ".py":
            yield from long_functions(path, text)


def main() -> int:
    found = list(faults())
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
