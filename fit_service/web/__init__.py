"""Views share this: who gets through, parameters, bodies, versions, repetitions, quotas, and the OpenAPI document."""
