"""Webhooks: apps are told when a person's data changed. What is told, to whom it may go, and the process that delivers.

How apps register is `api/webhooks.py`; what must not be lost is in SQL, `storage/webhook_*.py`.
"""
