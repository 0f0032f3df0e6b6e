#!/usr/bin/env bash
# garmin-fit-sdk 21.218.0 beside fitparse 1.2.0 and fitdecode 0.11.0: a weight_scale message whose weight is "calculating".
# The FIT profile names the value 0xFFFE of the field weight: the scale had not settled yet.
# Expected: no reader makes a weight of it, the official one least of all.
# Seen: fitparse and fitdecode give the word; the official SDK gives 655.34 kg, with all its conversions on and no error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check garmin-fit-sdk==21.218.0 fitparse==1.2.0 fitdecode==0.11.0
seen=$(env/bin/python - <<'PY'
import struct

import fitdecode
import fitparse
from garmin_fit_sdk import Decoder, Stream


def crc(data):
    table = (0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
             0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400)
    value = 0
    for byte in data:
        for nibble in (byte & 15, byte >> 4):
            value = (value >> 4) ^ table[value & 15] ^ table[nibble]
    return value


# A definition of message 30 (weight_scale) with timestamp (253, uint32) and weight (0, uint16), then two messages.
records = bytes([0x40, 0, 0, 30, 0, 2, 253, 4, 0x86, 0, 2, 0x84])
for seconds, weight in ((1_136_000_000, 8235), (1_136_000_010, 0xFFFE)):
    records += bytes([0]) + struct.pack("<IH", seconds, weight)
header = struct.pack("<BBHI4s", 14, 0x20, 2132, len(records), b".FIT")
header += struct.pack("<H", crc(header))
data = header + records + struct.pack("<H", crc(header + records))

messages, errors = Decoder(Stream.from_byte_array(bytearray(data))).read()
print("garmin-fit-sdk:", [message["weight"] for message in messages["weight_scale_mesgs"]], errors)
print("fitparse:", [message.get_value("weight") for message in fitparse.FitFile(data).get_messages("weight_scale")])
frames = [frame for frame in fitdecode.FitReader(data) if isinstance(frame, fitdecode.FitDataMessage)]
print("fitdecode:", [frame.get_value("weight") for frame in frames])
PY
)
printf '%s\n' "$seen"
[ "$seen" = "garmin-fit-sdk: [82.35, 655.34] []
fitparse: [82.35, 'calculating']
fitdecode: [82.35, 'calculating']" ] || { echo "This has changed." >&2; exit 1; }
