"""What differs between intended and running, whose it is, and since when: drift is what is not ours."""
