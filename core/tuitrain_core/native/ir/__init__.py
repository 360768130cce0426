"""The language of kernels: a builder over LLVM IR, the target processor, loops, vector math."""
