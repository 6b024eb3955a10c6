"""One look at a Linux machine: what it is asked in one session, and what its answers prove. Pure."""
