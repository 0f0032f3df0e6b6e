"""Redis in each form that people run: one server, a master with replicas that Sentinel watches, a cluster."""
