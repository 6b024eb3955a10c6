"""Procedures: Ansible playbooks over the same inventory, run, shown, remembered. State is deploy's work."""
