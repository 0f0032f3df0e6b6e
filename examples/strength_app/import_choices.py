"""What a person chose of what a file doesn't say, out of a form. What is none of the choices is left out."""

import json
from collections.abc import Mapping

_WORDS = {
    "unit": ("kg", "lbs"),
    "dates": ("month_first", "day_first"),
    "clock_changes": ("earlier", "later", "skip"),
    "twins": ("keep", "merge"),
}
_TEXTS = {"tz": 64, "time": 5, "member": 256}
"""So many characters each may have."""
_COLUMNS = ("body_weight", "created_at", "time", "unit")


def chosen(form: Mapping[str, str]) -> dict[str, str]:
    """All choices, by the names that they have at the Fit API."""
    words = {name: form[name] for name, known in _WORDS.items() if form.get(name) in known}
    texts = {name: form[name].strip() for name, most in _TEXTS.items() if 0 < len(form.get(name, "").strip()) <= most}
    columns = {name: form[f"column_{name}"] for name in _COLUMNS if form.get(f"column_{name}")}
    return {**words, **texts, **({"map": json.dumps(columns)} if columns else {})}
