"""What the views share: who gets through, parameters, bodies, versions, repetitions, quotas, the OpenAPI document."""
