"""The twin: the inventory as running routers and hosts, in namespaces of this machine."""
