"""A bare pass of expat over a file, `python -m benchmarks.expat_pass FILE`: which no reader of XML beats."""

import sys
from pathlib import Path
from xml.parsers import expat

parser = expat.ParserCreate("utf-8")
with Path(sys.argv[1]).open("rb") as file:
    while part := file.read(64 * 1024):
        parser.Parse(part, False)
parser.Parse(b"", True)
