"""What each role asks of a host, as typed operations: a file a role. Pure."""
