"""What delays and losses mean for people: jitter, and an estimate of how a voice would sound. Pure."""

from __future__ import annotations

G711_BPL = 25.1
"""Robustness of G.711 with loss concealment (ITU-T G.113, appendix I)."""


def jitter(so_far: float, before: float, now: float) -> float:
    """RFC 3550, section 6.4.1 (and A.8): J += (|D| - J) / 16, seconds.

    D is the difference of two consecutive transit times. With echoes it is that of two consecutive round
    trips, as no clock of the far end is read: both directions' variation in one figure.
    """
    return so_far + (abs(now - before) - so_far) / 16


def one_way_seconds(rtt: float, jitter: float = 0.0) -> float:
    """Mouth to ear, as far as the network goes: half a round trip, and two jitters of a playing buffer."""
    return rtt / 2 + 2 * jitter


def rating(
    one_way: float, loss: float, *, ie: float = 0.0, bpl: float = G711_BPL, burst: float = 1.0
) -> float:
    """R of the E-model, reduced to its defaults (ITU-T G.107, 7.1): R = 93.2 - Id - Ie,eff; 0 to 93.2.

    `one_way` in seconds, `loss` a ratio, `burst` is BurstR (1: losses are independent). Id is the usual
    straight line with its bend at 177.3 ms (Cole and Rosenbluth, 2001); Ie,eff is G.107's equation 7-29.
    It rates voice: for video it is an estimate of the path and no more.
    """
    d, percent = max(one_way, 0.0) * 1000, min(max(loss, 0.0), 1.0) * 100
    delay = 0.024 * d + 0.11 * max(d - 177.3, 0.0)
    equipment = ie + (95 - ie) * percent / (percent / burst + bpl)
    return min(max(93.2 - delay - equipment, 0.0), 93.2)


def mos(r: float) -> float:
    """Mean opinion score of a rating (ITU-T G.107, annex B): 1 (bad) to 4.5 (as good as a telephone gets)."""
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return min(max(1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r), 1.0), 4.5)
