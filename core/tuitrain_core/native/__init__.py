"""Native kernels: products in explicit vectors, emitted as LLVM's IR and compiled on the spot.

``linear`` and ``convolution`` say which kernels there are; ``library`` compiles and keeps them;
``host`` says for which processor. Below: ``builder``, in which kernels are written, and the two
forms of a product, ``tile`` (one operand broadcast) and ``dot`` (both along the reduction).

Nothing here checks shapes: a kernel is given addresses. float32 only.
"""
