"""The layers of a step: each plans the actions of one operation, or of several that are fused."""
