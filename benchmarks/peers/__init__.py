"""What infra-ctl is measured against, each a process of its own."""
