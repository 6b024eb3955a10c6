"""Audits: what the law asks is judged on what was collected, and kept."""
