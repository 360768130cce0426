"""How the operations of a graph are carried out: natively where there is a kernel for them."""
