"""Sending pictures and signals through spike codes, and judging what arrives.

`Channel` is one code at work; the other modules measure it: scores, information, robustness, the
law of its intervals, rate against distortion, and the best setting under a budget of spikes.
"""

from snncore.transmission.channel import Channel as Channel
from snncore.transmission.channel import Sent as Sent
