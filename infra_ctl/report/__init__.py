"""Stored results as documents that an official can sign: on a screen, on paper, and as data."""
