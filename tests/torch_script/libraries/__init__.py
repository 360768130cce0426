"""The libraries that have the loop: Accelerate, Lightning, Transformers."""
