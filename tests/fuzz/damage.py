"""Damaged input, as a hypothesis strategy: it shrinks what it finds to the smallest that fails."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds_of

_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MOST = 8  # changes of one input


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A valid input of the target with some changes; now and then mended, or plain noise."""
    target, originals = TARGETS[name], seeds_of(name)
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, _MOST))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.integers(0, 8))
        if kind == 0 and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == 1 and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif kind == 2:
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == 3:
            data[at:at] = data[at : at + draw(st.integers(1, 40))]
        elif kind == 4:
            del data[at:]
        elif kind == 5 and target.words:
            word = draw(st.sampled_from(target.words))
            end = at + (len(word) if draw(st.booleans()) else 0)
            data[at:end] = word
        elif kind == 6:
            form = draw(st.sampled_from(("<I", ">I", "<H", ">H", "<Q")))
            size = struct.calcsize(form)
            number = draw(st.sampled_from(_EXTREMES)) % (1 << 8 * size)
            data[at : at + size] = struct.pack(form, number)
        elif kind == 7:
            other = draw(st.sampled_from(originals))
            data[at:] = other[draw(st.integers(0, len(other))) :]
        else:
            data[at:at] = draw(st.binary(max_size=12))
    found = bytes(data)
    if target.mend is not None and draw(st.booleans()):
        found = target.mend(found)
    return found
