"""Image sets by name: bundled ones that are always there, and those that torchvision downloads.

`load(name)` returns an `ImageSet`; `catalogue()` says what exists and what is present. A data set
that is missing is a `DatasetMissing` error that names the cure; nothing is substituted silently.
"""
