"""Handles and keys as pure computation: this room asks no store and knows no protocol."""
