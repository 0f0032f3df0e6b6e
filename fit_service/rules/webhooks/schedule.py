"""A delivery that failed is tried again by this schedule, until it is given up. All of it is in seconds."""

import random

RETRY_AFTER = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400)
"""The first pause comes after the first failure in a row, and so on; from then on it is always the last."""
JITTER = 0.2
"""Each pause is longer or shorter by up to this part, so that what failed together is not repeated together."""
PATIENCE = 3 * 86_400
"""A receiver that has failed for so long is given up."""


def pause(failures: int, retry_after: float = 0.0) -> float:
    """Return the pause after so many failures in a row: at most the longest, even if the last answer asked for more."""
    planned = RETRY_AFTER[min(failures, len(RETRY_AFTER)) - 1]
    return max(min(retry_after, RETRY_AFTER[-1]), planned * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret
