"""`make models`: explores every model, or those that are named; where something is not as expected, shows how."""

import sys
from collections.abc import Callable, Iterator

from tests.state_models import grants, kit_feed, rotation, webhooks
from tests.state_models.explorer import Case, explore

MODELS: dict[str, Callable[[], Iterator[Case]]] = {
    "grants": grants.cases,
    "webhooks": webhooks.cases,
    "rotation": rotation.cases,
    "kit_feed": kit_feed.cases,
}


def main(names: list[str]) -> int:
    """The exit code: 0 if all is as expected."""
    good = True
    for name in names or MODELS:
        print(f"== {name}")
        for case in MODELS[name]():
            outcome = explore(case)
            print(f"  {outcome}", flush=True)
            good &= outcome.as_expected
            if not outcome.as_expected:
                for complaint, labels in outcome.found.items():
                    print(f"    {complaint}: {' > '.join(labels)}")
    print("all as expected" if good else "NOT ALL AS EXPECTED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
