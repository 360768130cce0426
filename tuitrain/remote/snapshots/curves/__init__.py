"""The curves of snapshots: sent as differences, and kept in bounded memory by a viewer."""
