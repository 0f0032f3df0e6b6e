"""All formats in which entries are exported; the first is the usual one."""

from fit_service.rules.entry_file import CSV, JSON
from fit_service.rules.fhir_bundle import FHIR
from fit_service.rules.open_mhealth_points import OPEN_MHEALTH

FORMATS = (JSON, CSV, FHIR, OPEN_MHEALTH)
ACCEPTED = {media_type: each for each in FORMATS for media_type in each.accepted_as}
"""An app gets one by its media type."""
