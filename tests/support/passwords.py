"""A hasher for tests. Hashing a password takes long on purpose, and nearly every test signs somebody in."""

from argon2 import PasswordHasher

QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
