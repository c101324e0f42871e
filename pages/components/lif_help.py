"""The leaky bucket for the help: a picture of the neuron, and what each part is in biology."""

from __future__ import annotations

import base64

import streamlit as st

ALT = (
    "A bucket under a tap: its level is the membrane potential, a hole lets water leak, at the rim "
    "it empties at once, and then a lid covers it for a while."
)
_TABLE = """
| Bucket | Model | In the living neuron |
|---|---|---|
| Water level | Membrane potential $V$ | Charge on the two sides of the cell membrane |
| Tap | Input current $I$ | Ions that enter through synapses, or from an electrode |
| Width | Capacitance $C = \\tau/R$ | Area of the membrane |
| Hole | Leak $1/R$ | Channels that are always open, mostly for potassium |
| Height of the hole | Rest $V_\\text{rest}$ | Balance that ion pumps keep up |
| Rim | Threshold $V_\\text{th}$ | Sodium channels open all at once |
| Emptying | Spike, then $V_\\text{reset}$ | The spike runs along the axon; potassium flows out |
| Lid | Refractory period $t_\\text{ref}$ | Sodium channels recover before they can open again |
"""


def analogies() -> None:
    """The picture and the table; call it inside the help."""
    st.markdown("**The neuron as a leaky bucket**")
    address = "data:image/svg+xml;base64," + base64.b64encode(
        drawing(st.context.theme.type == "dark").encode()
    ).decode("ascii")
    st.image(address, alt=ALT, width=420)
    st.markdown(_TABLE)
    st.caption(
        "The picture stops where biology goes on: a real spike has a shape, and its channels are "
        "in the Hodgkin–Huxley model."
    )


def drawing(dark: bool) -> str:
    """The bucket as SVG, for one of the two themes."""
    ink, water, fire = (
        ("#ECF1F5", "#56B4E9", "#E69F00") if dark else ("#17212B", "#0072B2", "#C24E00")
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 460 230"
 font-family="Source Sans Pro, Segoe UI, Helvetica, Arial, sans-serif" font-size="15" fill="{ink}">
<rect x="186" y="8" width="58" height="12" rx="3"/><rect x="206" y="20" width="18" height="9"/>
<rect x="210" y="29" width="10" height="120" fill="{water}" opacity="0.55"/>
<rect x="152" y="110" width="126" height="80" fill="{water}"/>
<path d="M150 72V192H280V72" fill="none" stroke="{ink}" stroke-width="3" stroke-linejoin="round"/>
<path d="M134 72H158M272 72H296" stroke="{fire}" stroke-width="2" stroke-dasharray="5 4"/>
<path d="M148 70C136 68 130 82 129 108M282 70C294 68 300 82 301 108" fill="none"
 stroke="{fire}" stroke-width="4" stroke-linecap="round" stroke-dasharray="7 6"/>
<circle cx="280" cy="176" r="5" fill="none" stroke="{ink}" stroke-width="2"/>
<path d="M283 176C304 178 312 196 315 220" fill="none" stroke="{water}" stroke-width="5"
 stroke-linecap="round"/>
<path d="M162 60L120 32" stroke="{ink}" stroke-width="9" stroke-linecap="round"/>
<g stroke="{ink}" stroke-width="1" opacity="0.7">
<path d="M250 14H312M106 118H150M330 84H300M330 190H312M106 36H122"/></g>
<text x="318" y="19">input current</text>
<text x="336" y="86" fill="{fire}">rim: threshold,</text>
<text x="336" y="103" fill="{fire}">it spills: spike</text>
<text x="336" y="195">hole: leak</text>
<text x="100" y="41" text-anchor="end">lid: refractory</text>
<text x="100" y="123" text-anchor="end">water level:</text>
<text x="100" y="140" text-anchor="end">voltage</text>
</svg>"""
