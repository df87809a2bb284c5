"""Synthetic X-ray images of loaded containers, with anomalies whose places are known."""
