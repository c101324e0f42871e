"""Figures from results: Altair charts for curves, PNG images for dense rasters and mosaics.

A leaf of the engine: pages and the command line import it, nothing else does. One module per
page, `base` for what they share.
"""
