#!/usr/bin/env bash
# garmin-fit-sdk 21.218.0 and @garmin/fitsdk 21.217.0 (npm) beside fitparse 1.2.0 and fitdecode 0.11.0: a weight whose timestamp is 3600.
# The FIT profile, also the one in these packages, says that a date_time below 0x10000000 counts the seconds since the device was
# switched on: the scale's clock had not been set yet.
# Expected: such a weight has no date, in the official readers least of all one that was never measured.
# Seen: both official ones date it 1989-12-31 01:00 UTC, with no error; the other two give the number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check garmin-fit-sdk==21.218.0 fitparse==1.2.0 fitdecode==0.11.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @garmin/fitsdk@21.217.0
cat >read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { Decoder, Stream } from "@garmin/fitsdk";

const { messages, errors } = new Decoder(Stream.fromByteArray([...readFileSync("weights.fit")])).read();
console.log("@garmin/fitsdk:", ...messages.weightScaleMesgs.map((each) => each.timestamp.toISOString()), errors);
JS
seen=$(
env/bin/python - <<'PY'
import struct
from pathlib import Path

import fitdecode
import fitparse
from garmin_fit_sdk import Decoder, Stream


def crc(data):
    """CRC-16/ARC."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 * (value & 1)
    return value


# A definition of message 30 (weight_scale) with timestamp (253, uint32) and weight (0, uint16), then two messages.
records = bytes([0x40, 0, 0, 30, 0, 2, 253, 4, 0x86, 0, 2, 0x84])
for seconds, weight in ((1_136_000_000, 8235), (3600, 8240)):
    records += bytes([0]) + struct.pack("<IH", seconds, weight)
header = struct.pack("<BBHI4s", 14, 0x20, 2132, len(records), b".FIT")
header += struct.pack("<H", crc(header))
data = header + records + struct.pack("<H", crc(header + records))
Path("weights.fit").write_bytes(data)

messages, errors = Decoder(Stream.from_byte_array(bytearray(data))).read()
print("garmin-fit-sdk:", *(str(message["timestamp"]) for message in messages["weight_scale_mesgs"]), errors)
scale = fitparse.FitFile(data).get_messages("weight_scale")
print("fitparse:", *(message.get_value("timestamp") for message in scale))
frames = (frame for frame in fitdecode.FitReader(data) if isinstance(frame, fitdecode.FitDataMessage))
print("fitdecode:", *(frame.get_value("timestamp") for frame in frames))
PY
node read.mjs
)
printf '%s\n' "$seen"
[ "$seen" = "garmin-fit-sdk: 2025-12-30 03:33:20+00:00 1989-12-31 01:00:00+00:00 []
fitparse: 2025-12-30 03:33:20 3600
fitdecode: 2025-12-30 03:33:20+00:00 3600
@garmin/fitsdk: 2025-12-30T03:33:20.000Z 1989-12-31T01:00:00.000Z []" ] || { echo "This has changed." >&2; exit 1; }
