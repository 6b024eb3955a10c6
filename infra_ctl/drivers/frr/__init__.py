"""FRRouting over SSH: a NAPALM driver, a ConfigDriver, and the dead-man timer that they bring along."""
