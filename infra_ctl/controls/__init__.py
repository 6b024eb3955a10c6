"""Compliance: what the law and the city's own standard ask, judged on what was collected."""
