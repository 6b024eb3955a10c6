"""OpenSCAP: run on hosts that have it, or its results brought from elsewhere, as evidence."""
