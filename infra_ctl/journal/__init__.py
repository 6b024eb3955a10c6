"""The journal: runs, steps and their timeline, and what each device was last seen to run."""
