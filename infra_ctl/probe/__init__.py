"""Probes of the network's quality: pure codecs and formulas, and the processes that send and answer.

Knows targets as plain frozen values, and nothing of the inventory, of HTTP or of Prometheus.
"""
