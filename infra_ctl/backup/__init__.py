"""Configuration of devices and hosts in a git repository: one commit a change, by whoever made it."""
