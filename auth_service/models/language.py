"""Pages speak several languages. English is the code's own: its sentences are what catalogues translate."""

LANGUAGES = ("en", "de")
"""Tags of BCP 47. Who asks for none of them reads the first; each other has a catalogue, `translations/TAG.po`."""


def gettext_noop(text: str) -> str:
    """Return a sentence as it is. It stands in the catalogues, and is translated where a page shows it."""
    return text
