"""README and the pages of docs/ in the pieces that tests compare with the program."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))
}
TEXT = "\n".join([README, *PAGES.values()])
"""All of it, README first."""


def section(title: str) -> str:
    """Return what stands under a heading of the second level."""
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(language: str) -> list[str]:
    """Return the fenced blocks in a language."""
    fenced = rf"^```{language}\n(.*?)^```"
    return re.findall(fenced, TEXT, flags=re.MULTILINE | re.DOTALL)


def first_column(header: str) -> list[str]:
    """Return every name in backticks from the first column of the table with this header."""
    table = TEXT.partition(f"\n| {header} |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`.+?) \|", table, flags=re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(.+?)`", cell)]
