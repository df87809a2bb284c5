"""Webhooks: enterprises are told how their consignments stand."""
