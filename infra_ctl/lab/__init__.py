"""The twin: the inventory as running routers, in namespaces of this machine."""
