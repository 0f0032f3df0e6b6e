"""Webhooks, which tell apps that a person's data changed: what is told, when, signed how, and to which addresses.

How apps register is `api/webhooks.py`; what must not be lost is in SQL, `storage/webhook_*.py`; who delivers is
`workers/webhook_worker.py`.
"""
