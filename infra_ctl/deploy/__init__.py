"""Carrying a plan out: one device at a time, in waves, always with a way back."""
