"""Validation in an event loop, asyncio's or Trio's. Adapters for event loops are made of it."""

from .validation import AsyncValidation

__all__ = ["AsyncValidation"]
