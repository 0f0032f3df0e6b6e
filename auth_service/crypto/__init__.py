"""Handles and keys are pure computation: this room asks no store and knows no protocol."""
