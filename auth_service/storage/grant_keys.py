"""How Redis' keys of grants and their tokens are called. All keys of one grant are in one slot, with their log."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GrantKeys:
    """Grants are spread over so many shards by their id; a shard's number is the hash tag of its keys."""

    shards: int

    def shard(self, grant_id: str) -> int:
        """Where everything of this grant is."""
        return int(grant_id, 16) % self.shards

    def grant(self, grant_id: str) -> str:
        """The grant itself, a hash."""
        return f"grant:{{{self.shard(grant_id)}}}:{grant_id}"

    def uses(self, grant_id: str) -> str:
        """Where its credentials were spent, a hash. The grant's own would be read, and grow, with each use."""
        return f"uses:{{{self.shard(grant_id)}}}:{grant_id}"

    def access_token(self, grant_id: str, digest: str) -> str:
        """One of its access tokens, a hash."""
        return f"at:{{{self.shard(grant_id)}}}:{grant_id}:{digest}"

    def exchanged(self, grant_id: str, digest: str) -> str:
        """The access tokens that were got for this one (RFC 8693): a sorted set of their keys, by expiry."""
        return f"exchanged:{{{self.shard(grant_id)}}}:{grant_id}:{digest}"

    @staticmethod
    def exchanged_by(shard: int, client_id: str) -> str:
        """Those in one shard that a client got: the same."""
        return f"exchanged-by:{{{shard}}}:{client_id}"

    def log(self, grant_id: str) -> str:
        """The revocation log of the grant's shard, a stream."""
        return log_key(self.shard(grant_id))


LOG_PREFIX = "revocations:"


def log_key(shard: int) -> str:
    """The revocation log of a shard."""
    return f"{LOG_PREFIX}{{{shard}}}"
