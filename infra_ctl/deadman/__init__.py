"""What the dead-man timers of routers and hosts have in common: lease, timer, installation."""
