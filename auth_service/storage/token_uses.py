"""Where a grant's credentials were spent is remembered of the first and of the last ones, with the grant in Redis.

Of a compact grant in two of its lines, as `rotate.lua` says; of one that is a hash, in a hash beside it, where it does
not have to be read with each rotation.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auth_service.models.tokens import TokenUse

USES_KEPT = 20
"""A grant remembers so many of its last uses beside the first: where a credential was spent, and by what program."""
USE_FIELDS = ("first", *map(str, range(USES_KEPT)))
"""The hash has these fields."""


def use_field(generation: int) -> str:
    """Return under which name a use is noted: the last ones take turns, each in place of the oldest."""
    return str((generation - 1) % USES_KEPT) if generation else "first"


def read_uses(apart: Sequence[Any], grant: Mapping[str, str]) -> list[TokenUse]:
    """Return the uses that the hash and the grant have, in their order.

    After a change of the encoding both may have some: those of the grant are the newer ones.
    """
    uses = {use.generation: use for use in (*_in_hash(apart), *_in_grant(grant))}
    kept = sorted(uses)[-USES_KEPT:]
    return [uses[generation] for generation in sorted({*kept, *uses.keys() & {0}})]


def _in_hash(apart: Sequence[Any]) -> Iterator[TokenUse]:
    for use in apart:
        if use is not None:
            generation, at, place = str(use).split(" ", 2)
            yield _use(int(generation), int(at), place)


def _in_grant(grant: Mapping[str, str]) -> Iterator[TokenUse]:
    first_place = ""
    if "first_use" in grant:
        spent_at, first_place = grant["first_use"].split(" ", 1)
        yield _use(0, int(spent_at), first_place)
    for run in filter(None, grant.get("uses", "").split("\t")):
        first, times, place = run.split(" ", 2)
        at = 0
        for number, seconds in enumerate(map(int, times.split(","))):
            at += seconds  # the first is a time, the others are how much later they were
            yield _use(int(first) + number, at, first_place if place == "=" else place)


def _use(generation: int, at: int, place: str) -> TokenUse:
    network, program = place.split(" ", 1)
    return TokenUse(generation, at, network, program)
