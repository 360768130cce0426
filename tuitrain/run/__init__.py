"""The run: the loop on its background thread, its inbox, journal and snapshots."""
