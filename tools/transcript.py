"""Prints requests and answers so that a person can follow them, and checks that each answer is what it must be."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tools.console import paint, say

_SHOWN_HEADERS = ("Location", "WWW-Authenticate", "Retry-After")
_LONG = re.compile(r"[\w-]{36,}")
_WIDTH = 150


class DifferenceError(Exception):
    """Something was not as it must be; the message says what."""


class Transcript:
    """Numbers the steps; ends the story at the first thing that is not as it must be."""

    def __init__(self) -> None:
        self.steps = 0

    def step(self, title: str) -> None:
        """Announce what comes next."""
        self.steps += 1
        say()
        say(paint(f"{self.steps:2}. {title}", "bold"))

    def exchange(
        self,
        session: requests.Session,
        method: str,
        url: str,
        *,
        status: int,
        contains: str = "",
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> requests.Response:
        """Send a request, print it and its answer, check the status and that the answer contains a text."""
        self._print_request(method, url, headers or {}, options)
        try:
            answer = session.request(method, url, headers=headers, allow_redirects=False, timeout=10, **options)
        except requests.RequestException as error:
            message = f"step {self.steps}: {method} {url} was not answered: {type(error).__name__}"
            raise DifferenceError(message) from None
        self._print_answer(answer)
        everything = f"{answer.text} {answer.headers}"
        self.expect(answer.status_code == status, f"{method} {urlsplit(url).path} must answer {status}")
        self.expect(contains in everything, f"{method} {urlsplit(url).path} must answer with {contains}")
        return answer

    def expect(self, holds: bool, sentence: str) -> None:
        """Raise DifferenceError if a sentence doesn't hold."""
        if not holds:
            raise DifferenceError(f"step {self.steps}: {sentence}")

    @staticmethod
    def _print_request(method: str, url: str, headers: Mapping[str, str], options: Mapping[str, Any]) -> None:
        parts = urlsplit(url)
        say(f"    {paint('→', 'cyan')} {method} {shortened(parts.path)}")
        for name, value in headers.items():
            say(paint(f"        {name}: {shortened(value)}", "dim"))
        if "auth" in options:
            say(paint(f"        Authorization: Basic {options['auth'][0]}:…", "dim"))
        parameters = parse_qs(parts.query) | (options.get("data") or {})
        for name, values in parameters.items():
            for value in values if isinstance(values, list) else [values]:
                hidden = "•••" if "password" in name else shortened(str(value))
                say(paint(f"        {name}={hidden}", "dim"))
        if "json" in options:
            say(paint(f"        {json.dumps(options['json'])}", "dim"))

    @staticmethod
    def _print_answer(answer: requests.Response) -> None:
        colour = "green" if answer.status_code < 400 else "yellow"
        say(f"    {paint('←', 'cyan')} {paint(str(answer.status_code), colour)} {answer.reason}")
        for name in _SHOWN_HEADERS:
            if name in answer.headers:
                say(paint(f"        {name}: {shortened(answer.headers[name])}", "dim"))
        if answer.headers.get("Content-Type", "").partition(";")[0].endswith("json"):
            for line in _readable(answer.json()):
                say(f"        {shortened(line)}")
        elif answer.text:
            title = re.search(r"<title>(.*?)</title>", answer.text)
            say(f"        a page: {title[1] if title else '(no title)'}")


def shortened(text: str) -> str:
    """Tokens and other long secrets, all but their ends cut out."""
    return _LONG.sub(lambda found: f"{found[0][:4]}…{found[0][-6:]}", text)


def _readable(value: Any) -> list[str]:
    short = json.dumps(value, ensure_ascii=False)
    return [short] if len(shortened(short)) <= _WIDTH else json.dumps(value, indent=2, ensure_ascii=False).splitlines()
