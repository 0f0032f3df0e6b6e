"""The settings of docs/libraries.md, with the addresses and credentials of a running server in them."""

import re
import shlex
from pathlib import Path

from tests.support.stack import Stack

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "libraries.md").read_text(encoding="utf-8")
AUTH, APP = "https://login.example", "https://app.example"
COMMAND = "flask --app auth_service "


class Section:
    """What the page says of one library, and that it was tried with these versions.

    `app` is where the test runs what the page calls https://app.example; `part` is a heading below the library's.
    """

    def __init__(self, heading: str, stack: Stack, *versions: str, app: str = APP, part: str = "") -> None:
        [row] = [line for line in PAGE.splitlines() if line.startswith(f"| [{heading}](")]
        assert [version for version in versions if version not in row] == []
        whole = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        self._text = (whole.partition(f"\n### {part}\n")[2] if part else whole).partition("\n### ")[0]
        assert self._text, f"docs/libraries.md has no {part or heading}"
        self._replaced = {AUTH: stack.auth, APP: app}
        self._stack = stack

    def run_command(self, *more: str) -> dict[str, str]:
        """What its command prints, with `more` options. A client's id and secret are in all blocks from then on."""
        *_, command = (line for line in self.block("text").splitlines() if line.startswith(COMMAND))
        printed: dict[str, str] = self._stack.command(*shlex.split(command.removeprefix(COMMAND)), *more)
        self._replaced |= {name.upper(): printed[name] for name in ("client_id", "client_secret") if printed.get(name)}
        return printed

    def block(self, language: str) -> str:
        """The only one of this language."""
        [block] = re.findall(rf"^```{language}\n(.*?)^```$", self._text, re.MULTILINE | re.DOTALL)
        for name, value in self._replaced.items():
            block = block.replace(name, value)
        return str(block.replace("\\\n", " "))
